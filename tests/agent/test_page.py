"""The pages of an agent that runs: all of it wired, as nobody feeds it by hand."""

import json
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.agent.conftest import Agent
from tests.free_port import free_port
from tests.prometheus import complaints, scraping
from tests.waiting import until

StartAgent = Callable[..., Agent]

#: Works under a name until its input ends.
WORK = """
import threading
over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set())).start()
with joulebook.track(model="org/m", variant="int8", summary=False):
    print(flush=True)
    while not over.is_set():
        burn(0.1)
"""

#: An agent whose looks for jobs fail from the moment on when it is told so.
FAILING = """
import sys
from joulebook.agent.root import build
from joulebook.clock import SystemClock
from joulebook.settings import load
daemon, _ = build(load(), SystemClock())
def stopped(_):
    if not sys.stdin.readline():
        return True
    with daemon.looking:
        raise OSError("no table of processes")
    print(flush=True)
    return False
daemon.run(stopped, lambda: print(flush=True))
"""


@pytest.fixture
def listen() -> str:
    return f"127.0.0.1:{free_port()}"


@pytest.fixture
def agent(start_agent: StartAgent, listen: str) -> Agent:
    """One with pages; that the start was well says that they are open."""
    return start_agent(JOULEBOOK_METRICS_LISTEN=listen)


@pytest.fixture
def busy(agent: Agent) -> Iterator["subprocess.Popen[str]"]:
    """A process that hands its span to the agent and works."""
    process = agent.track(WORK)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.communicate()


def page(listen: str, path: str) -> tuple[int, str]:
    """Status and content."""
    try:
        with urllib.request.urlopen(f"http://{listen}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(listen: str, name: str) -> dict[str, float]:
    """Each line of one metric, by its labels."""
    found = re.findall(rf"(?m)^{name}({{.*}})? (\S+)$", page(listen, "/metrics")[1])
    return {labels: float(value) for labels, value in found}


@pytest.mark.usefixtures("busy")
def test_a_real_prometheus_reads_joules_by_model_from_an_agent_that_runs(
    listen: str, tmp_path: Path
) -> None:
    by_model = (
        "sum by (model, variant) (joulebook_job_joules_total * on (manager, job_id, instance)"
        " group_left (model, variant) joulebook_job_info) > 0"
    )
    with scraping(listen, tmp_path) as ask:
        assert until(lambda: ask(by_model))
        (row,) = ask(by_model)
        assert row["metric"] == {"model": "org/m", "variant": "int8"}
        (up,) = ask("up")
        assert up["value"][1] == "1"  # type: ignore[index] # time and text


@pytest.mark.usefixtures("busy")
def test_its_page_is_what_promtool_holds_for_right_and_its_buckets_come_to_the_meters(
    listen: str,
) -> None:
    assert until(lambda: samples(listen, "joulebook_job_joules_total"))
    text = page(listen, "/metrics")[1]
    assert complaints(text) == ""
    # One page is one instant: its parts are those of its meters, whatever is booked meanwhile.
    of = {
        name: sum(map(float, re.findall(rf"(?m)^joulebook_{name}_joules_total{{.*}} (\S+)$", text)))
        for name in ("device", "gpu", "bucket")
    }
    assert of["bucket"] == pytest.approx(of["device"] + of["gpu"], abs=1e-6)
    assert of["bucket"] > 0


def test_it_is_well_once_windows_come_and_tells_where_the_pages_are(
    agent: Agent, listen: str
) -> None:
    assert until(lambda: samples(listen, "joulebook_agent_last_window_timestamp_seconds"))
    status, content = page(listen, "/healthz")
    told = json.loads(content)
    assert (status, told["status"], told["problems"]) == (200, "ok", [])
    assert told["window_s"] == 0.5
    assert "/metrics" in page(listen, "/")[1]
    agent.stop()
    with pytest.raises(urllib.error.URLError):
        page(listen, "/healthz")


def test_it_is_not_well_while_its_looks_for_jobs_fail(
    home: dict[str, str], tmp_path: Path, listen: str
) -> None:
    with tempfile.TemporaryDirectory(prefix="jb-") as folder:  # a socket's path must be short
        own = {"JOULEBOOK_AGENT_SOCKET": f"{folder}/a.sock", "JOULEBOOK_METRICS_LISTEN": listen}
        process = subprocess.Popen(
            [sys.executable, "-c", FAILING],
            env=home | own,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        assert page(listen, "/healthz")[0] == 200
        process.stdin.write("fail\n")
        process.stdin.flush()
        process.stdout.readline()
        status, content = page(listen, "/healthz")
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert status == 503
    assert json.loads(content)["problems"] == [
        "looking for jobs fails: OSError: no table of processes"
    ]
