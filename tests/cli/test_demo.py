"""The demo on its own server and agent, up to where its first numbers come."""

import importlib.util
import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.machines import Machine, children, gone, start
from tests.waiting import until

Demo = Callable[..., Machine]


@pytest.fixture
def demo(environment: dict[str, str], tmp_path: Path) -> Iterator[Demo]:
    """Starts `joulebook demo` on a free port, and ends it."""
    for name in ("onnxruntime", "sklearn"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"needs {name}")
    started: list[Machine] = []

    def make(folder: Path) -> Machine:
        own = environment | {"TMPDIR": str(tmp_path)}
        words = ("demo", "--port", "0", "--folder", str(folder))
        started.append(start(own, tmp_path, *words, last="joulebook demo ready on "))
        return started[-1]

    yield make
    for machine in started:
        if machine.process.poll() is None:
            machine.end(signal.SIGTERM)


def jobs(machine: Machine) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = json.loads(machine.ask("/v1/jobs"))["jobs"]
    return found


def test_a_job_of_the_experiment_is_on_the_server_while_it_runs(demo: Demo, tmp_path: Path) -> None:
    machine = demo(tmp_path / "demo")
    # The agent may find jobs of others on this machine: those of the experiment have a variant.
    assert until(lambda: any(job["variant"] and not job["ended_at"] for job in jobs(machine)))


def test_a_folder_too_deep_for_a_socket_is_taken(demo: Demo, tmp_path: Path) -> None:
    machine = demo(tmp_path / ("deep" * 30))
    assert until(lambda: jobs(machine))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_before_the_table_it_leaves_nothing_behind(
    demo: Demo, tmp_path: Path, number: signal.Signals
) -> None:
    machine = demo(tmp_path / "demo")
    assert until(lambda: len(children(machine.process.pid)) == 3)
    assert until(lambda: list(tmp_path.glob("joulebook-demo-*")))
    pids = children(machine.process.pid)
    assert machine.end(number) == (130, "")
    assert gone(*pids)
    assert list(tmp_path.glob("joulebook-*")) == []


def test_killed_it_leaves_no_process_behind(demo: Demo, tmp_path: Path) -> None:
    machine = demo(tmp_path / "demo")
    assert until(lambda: len(children(machine.process.pid)) == 3)
    pids = children(machine.process.pid)
    machine.end(signal.SIGKILL)
    assert gone(*pids)
