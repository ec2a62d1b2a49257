"""An inference server that nobody changed: its tokens and its energy in one report."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.endtoend.serving_node import Node, a_node, free_port, leave, seconds
from tests.fakes.network_space import missing
from tests.waiting import until

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]


PROXY = Path(__file__).parents[1] / "fakes" / "docker_proxy.py"


@pytest.fixture
def node(tmp_path: Path, start_server: "StartServer") -> Iterator[Node]:
    with a_node(tmp_path, start_server()) as made:
        yield made


def test_a_server_that_only_has_a_label_has_energy_for_each_of_its_tokens(node: Node) -> None:
    serving = node.serve()
    agent = node.agent()
    assert node.followed()
    node.ask(2_000)
    assert node.has(2_000)
    leave(serving, signal.SIGKILL)
    assert until(lambda: node.job()["ended_at"])
    leave(agent)
    job = node.job()
    assert (job["model"], job["kind"]) == (node.model, "serving")
    assert job["work"] == {"generated_tokens": 2_000, "prompt_tokens": 1_000, "requests": 20}
    assert job["quality"] == {"batch_size": 4.0}
    row = node.row(node.id)
    assert int(row["energy_uj"]) > 0
    each_j = row["energy_per_work_j"]["generated_tokens"]
    assert each_j == pytest.approx(int(row["energy_uj"]) / 1e6 / 2_000)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_what_agents_counted_one_after_the_other_adds_up(node: Node, how: int) -> None:
    serving = node.serve()
    agent = node.agent()
    assert node.followed()
    node.ask(500)
    assert node.has(500)
    leave(agent, how)
    node.agent()
    before = node.job()["started_at"]
    assert until(lambda: node.job()["ended_at"] is None)
    asked = iter(range(600, 100_000, 100))  # what is generated before it reads is nobody's

    def more() -> bool:
        node.ask(next(asked))
        return bool(node.job()["work"]["generated_tokens"] > 500)

    assert until(more)
    leave(serving, signal.SIGKILL)
    assert until(lambda: node.job()["ended_at"])
    assert abs(seconds(node.job()["started_at"]) - seconds(before)) < 0.1  # as the kernel tells
    assert 500 < node.job()["work"]["generated_tokens"] < next(asked)


def test_a_server_that_is_started_anew_adds_to_its_job(node: Node) -> None:
    serving = node.serve()
    node.agent()
    assert node.followed()
    node.ask(600)
    assert node.has(600)
    leave(serving, signal.SIGKILL)
    assert until(lambda: node.job()["ended_at"])
    node.serve()
    assert until(lambda: node.job()["ended_at"] is None)
    node.ask(400)
    assert node.has(1_000)


def test_a_server_in_a_container_behind_dockers_proxy_is_found_by_itself(node: Node) -> None:
    if (reason := missing()) is not None:
        pytest.skip(reason)
    serving = node.serve("10.213.77.89")
    port = free_port()
    outside = ("-host-ip", "127.0.0.1", "-host-port", str(port))
    inside = ("-container-ip", "10.213.77.89", "-container-port", str(node.port))
    node.start(str(PROXY), *outside, *inside, "-entered", str(serving.pid))
    node.agent(f"http://127.0.0.1:{port}/metrics")
    assert node.followed()
    node.ask(500)
    assert node.has(500)
