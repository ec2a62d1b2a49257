"""What inference servers count, and what they call it.

Every name was looked up in the server's own source or documents. Clients of Prometheus in Python
write a counter with ``_total`` whether or not its name in the source has it; those in Rust and C++
write what the source says. So both are taken, and the first that a page shows counts.

When a token is counted differs. vLLM counts at every step of its engine. TGI, SGLang and llama.cpp
count when a request is done: what a long request took shows up all at once, at its end.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Server:
    """The names that one kind of server uses; several for one amount are older and newer ones.

    Attributes:
        name: The server, for people.
        generated: Tokens that it generated.
        prompted: Tokens of prompts that it took in.
        requests: Requests that it finished.
        inferences: Samples that it inferred; one request may hold many.
        executions: Batches that it ran; inferences over executions are the mean batch.
        steps: Steps of its engine.
        step_tokens: Tokens that went through these steps, of prompts and generated.
        running: A gauge: requests that it works on now, which is its batch.
        model: Labels that name the model, the first that is there.
        copies: Labels of parts that each tell the same gauge again; the largest counts.
    """

    name: str
    generated: tuple[str, ...] = ()
    prompted: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    inferences: tuple[str, ...] = ()
    executions: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    step_tokens: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    model: tuple[str, ...] = ("model_name", "model", "model_id")
    copies: tuple[str, ...] = ()


# vllm/v1/metrics/loggers.py and, before the V1 engine, vllm/engine/metrics.py; docs/usage/
# metrics.md. Series have the labels model_name and, since V1, engine. The name of the histogram
# ends in _total itself; its sum and count are what an engine step held.
VLLM = Server(
    name="vLLM",
    generated=("vllm:generation_tokens_total", "vllm:generation_tokens"),
    prompted=("vllm:prompt_tokens_total", "vllm:prompt_tokens"),
    requests=("vllm:request_success_total", "vllm:request_success"),
    steps=("vllm:iteration_tokens_total_count",),
    step_tokens=("vllm:iteration_tokens_total_sum",),
    running=("vllm:num_requests_running",),
)

# huggingface.co/docs/text-generation-inference/reference/metrics and router/src/server.rs. Tokens
# are histograms over requests. tgi_request_count counts what came in, not what succeeded.
TGI = Server(
    name="TGI",
    generated=("tgi_request_generated_tokens_sum",),
    prompted=("tgi_request_input_length_sum",),
    requests=(
        "tgi_request_success",
        "tgi_request_success_total",
        "tgi_request_count",
        "tgi_request_count_total",
    ),
    running=("tgi_batch_current_size",),
)

# docs/user_guide/metrics.md of triton-inference-server/server, "Counts"; labels model, version and
# gpu_uuid. Cached answers count as requests, not as inferences. A request to an ensemble counts at
# the ensemble and at each of its models.
TRITON = Server(
    name="Triton",
    requests=("nv_inference_request_success", "nv_inference_request_success_total"),
    inferences=("nv_inference_count", "nv_inference_count_total"),
    executions=("nv_inference_exec_count", "nv_inference_exec_count_total"),
)

# python/sglang/srt/metrics/collector.py, later srt/observability/metrics_collector.py. SGLang's
# router and some releases write an underscore where the engine writes a colon
# (https://github.com/sgl-project/sglang/issues/12618). With metrics of all schedulers, each tensor
# or pipeline rank tells the same running requests again.
SGLANG = Server(
    name="SGLang",
    generated=("sglang:generation_tokens_total", "sglang_generation_tokens_total"),
    prompted=("sglang:prompt_tokens_total", "sglang_prompt_tokens_total"),
    requests=("sglang:num_requests_total", "sglang_num_requests_total"),
    running=("sglang:num_running_reqs", "sglang_num_running_reqs"),
    copies=("tp_rank", "pp_rank", "moe_ep_rank"),
)

# tools/server (before: examples/server) of ggml-org/llama.cpp, "/metrics", shown with --metrics. It
# counts no requests and names no model. Its figures have six significant digits, as a C++ stream
# writes them: from a million tokens on the counter moves in steps of 10, then of 100.
LLAMA_CPP = Server(
    name="llama.cpp",
    generated=("llamacpp:tokens_predicted_total",),
    prompted=("llamacpp:prompt_tokens_total",),
    running=("llamacpp:requests_processing",),
)

SERVERS = (VLLM, TGI, TRITON, SGLANG, LLAMA_CPP)
#: How the names of all these samples begin.
PREFIXES = ("vllm:", "tgi_", "nv_inference_", "sglang", "llamacpp:", "process_start_time_seconds")
#: When the process that keeps the counters started (client libraries of Prometheus), s.
STARTED = "process_start_time_seconds"
