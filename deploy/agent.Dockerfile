# The agent for Kubernetes, as kubernetes/daemonset.yaml runs it: built from this checkout, installed
# from hashed locks. How to build it: docs/agent.md.
FROM python:3.13-slim AS build
WORKDIR /src
COPY requirements/build.txt requirements/build.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY agents agents
COPY app app
COPY migrations migrations
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .

FROM python:3.13-slim
COPY requirements/agent.txt /tmp/agent.txt
RUN pip install --no-cache-dir --require-hashes -r /tmp/agent.txt
COPY --from=build /wheel /wheel
RUN pip install --no-cache-dir --no-deps /wheel/joulebook-*.whl
# No user of its own: the kubelet's socket takes connections from root alone, and what root may do
# the manifest takes away.
# exec form: the agent gets SIGTERM itself, and writes its last window.
ENTRYPOINT ["joulebook"]
CMD ["agent"]
