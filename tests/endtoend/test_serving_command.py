"""`joulebook run -- SERVER` with the page named for the command: it counts by itself."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.endtoend.serving_node import Node, a_node, leave
from tests.waiting import until

if TYPE_CHECKING:
    import subprocess

    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

RUN = ("-m", "joulebook", "run", "--name")


@pytest.fixture
def node(tmp_path: Path, start_server: "StartServer") -> Iterator[Node]:
    with a_node(tmp_path, start_server()) as made:
        yield made


def run(node: Node, *words: str) -> "subprocess.Popen[str]":
    settings = {"JOULEBOOK_SERVING_URL": node.url, "JOULEBOOK_WINDOW_S": "0.5"}
    return node.start(*RUN, "mine", "--model", node.model, "--", *words, **settings)[0]


def ended(node: Node, name: str = "mine") -> bool:
    return until(lambda: node.job(name=name).get("ended_at"))


def test_without_an_agent_its_tokens_are_in_the_ledger_and_in_what_it_says(node: Node) -> None:
    running = run(node, *node.words)
    node.ask(2_000)
    assert node.has(2_000, "mine")
    leave(running)
    assert ended(node)
    assert node.job(name="mine")["work"] == {
        "generated_tokens": 2_000,
        "prompt_tokens": 1_000,
        "requests": 20,
    }
    assert "joulebook: mine: 2,000 generated tokens, " in node.said()
    assert "per 1000 · 1,000 prompt tokens, " in node.said()


def test_beside_an_agent_that_reads_the_page_as_well_they_count_once(node: Node) -> None:
    agent = node.agent()
    running = run(node, *node.words)
    assert node.followed("mine")
    node.ask(500)
    assert node.has(500, "mine")
    leave(agent, signal.SIGKILL)
    node.ask(900)
    assert node.has(900, "mine")
    leave(running)
    assert ended(node)
    assert node.generated("mine") == 900


def test_a_run_within_a_run_is_part_of_it_and_a_report_counts_its_tokens_once(node: Node) -> None:
    inner = (node.words[0], *RUN, "inner", "--model", node.model, "--", *node.words)
    running = run(node, *inner)
    node.ask(500)
    assert node.has(500, "inner")
    assert node.has(500, "mine")
    leave(running)
    assert ended(node)
    assert node.job(name="inner")["parent"] == node.job(name="mine")["uid"]
    assert node.served() == 500


def test_a_server_that_the_command_did_not_start_is_not_its_and_that_is_said(node: Node) -> None:
    node.serve()
    node.ask(500)
    running = run(node, "sh", "-c", "echo started; exec sleep 600")
    assert until(lambda: node.reads() > 1)
    leave(running)
    assert ended(node)
    assert "mine: served nothing that was counted: " in node.said()
    assert f"{node.url}: this command did not start who listens there" in node.said()
    assert node.job(name="mine")["work"] == {}
