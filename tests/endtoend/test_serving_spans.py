"""An inference server inside a span that its own command declares, on a host with an agent."""

import signal
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.endtoend.serving_node import Node, a_node, leave, seconds
from tests.waiting import until

if TYPE_CHECKING:
    import subprocess

    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

NAME = "explicit"
RUN = ("-m", "joulebook", "run", "--name", NAME)


@pytest.fixture
def node(tmp_path: Path, start_server: "StartServer") -> Iterator[Node]:
    with a_node(tmp_path, start_server()) as made:
        yield made


def run(node: Node, **settings: str) -> "subprocess.Popen[str]":
    """`joulebook run -- SERVER`."""
    return node.start(*RUN, "--", *node.words, **settings)[0]


def script(node: Node, code: str) -> "subprocess.Popen[str]":
    """A script that tracks itself; `serve()` starts the server and waits until it listens."""
    head = f"""
        import joulebook, subprocess, sys
        def serve():
            server = subprocess.Popen({node.words!r}, stdout=subprocess.PIPE, text=True)
            server.stdout.readline()
            return server
        def wait():
            print(flush=True)
            sys.stdin.readline()
    """
    return node.start("-c", textwrap.dedent(head) + textwrap.dedent(code))[0]


def go_on(process: "subprocess.Popen[str]") -> None:
    """Let a script that waits go on, up to where it waits next."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()


def ended(node: Node, name: str = NAME) -> bool:
    return until(lambda: node.job(name=name)["ended_at"])


def test_a_server_that_is_run_as_a_command_has_energy_for_each_of_its_tokens(node: Node) -> None:
    agent = node.agent()
    running = run(node)
    assert node.followed(NAME)
    node.ask(2_000)
    assert node.has(2_000, NAME)
    leave(running)
    assert ended(node)
    leave(agent)
    job = node.job(name=NAME)
    assert job["work"] == {"generated_tokens": 2_000, "prompt_tokens": 1_000, "requests": 20}
    assert (job["model"], job["quality"]) == ("org/served", {"batch_size": 4.0})
    row = node.row(job["uid"])
    assert int(row["energy_uj"]) > 0
    each_j = row["energy_per_work_j"]["generated_tokens"]
    assert each_j == pytest.approx(int(row["energy_uj"]) / 1e6 / 2_000)


def test_a_command_that_began_before_it_was_looked_at_is_part_of_the_found_job_too(
    node: Node,
) -> None:
    node.agent()
    shell = ("-c", "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)")
    own = {"JOULEBOOK_JOB_ID": node.id, "JOULEBOOK_MODEL": "outer"}
    words = ("env", "-u", "JOULEBOOK_JOB_ID", node.words[0], *RUN, "--", *node.words)
    node.start(*shell, *words, **own)
    assert node.followed(NAME)
    node.ask(500)
    assert node.has(500, NAME)
    assert until(node.job)
    assert node.has(500)
    assert node.job(name=NAME)["parent"] == node.id


def test_it_is_part_of_the_work_of_the_found_job_that_the_command_is_part_of(node: Node) -> None:
    node.agent()
    code = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    later = "import os, sys; print(flush=True); input(); os.execv(sys.argv[1], sys.argv[1:])"
    python, label = node.words[0], {"JOULEBOOK_JOB_ID": node.id, "JOULEBOOK_MODEL": node.model}
    words = ("env", "-u", "JOULEBOOK_JOB_ID", python, "-c", later, python, *RUN, "--", *node.words)
    shell, _ = node.start("-c", code, *words, **label)
    assert until(node.job)
    assert shell.stdin is not None
    shell.stdin.write("\n")
    shell.stdin.flush()
    assert node.followed(NAME)
    node.ask(500)
    assert node.has(500, NAME)
    assert node.has(500)
    assert node.job(name=NAME)["parent"] == node.id
    assert node.served() == 500


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_work_is_kept_and_counted_once_where_the_agent_leaves_and_another_comes(
    node: Node, how: int
) -> None:
    agent = node.agent()
    running = run(node)
    assert node.followed(NAME)
    node.ask(500)
    assert node.has(500, NAME)
    leave(agent, how)
    node.agent()
    asked = iter(range(600, 100_000, 100))  # what is generated before it reads is nobody's

    def more() -> bool:
        node.ask(next(asked))
        return (node.generated(NAME) or 0) > 500

    assert until(more)
    leave(running)
    assert ended(node)
    assert 500 < (node.generated(NAME) or 0) < next(asked)


def test_a_job_whose_agent_was_killed_for_good_ends_with_its_command(node: Node) -> None:
    agent = node.agent()
    running = run(node)
    assert node.followed(NAME)
    node.ask(500)
    assert node.has(500, NAME)
    leave(agent, signal.SIGKILL)
    leave(running)
    assert ended(node)
    assert node.generated(NAME) == 500


def test_what_is_done_in_an_inner_span_is_part_of_the_outer_ones_work(node: Node) -> None:
    code = f"""
        with joulebook.track(name="outer", model={node.model!r}):
            with joulebook.track(name="inner"):
                server = serve()
                wait()
            wait()
            server.kill()
            wait()
    """
    node.agent()
    process = script(node, code)
    assert node.followed("inner")
    node.ask(500)
    assert node.has(500, "inner")
    assert node.has(500, "outer")
    go_on(process)  # out of the inner one
    node.ask(800)
    assert node.has(800, "outer")
    go_on(process)
    go_on(process)
    assert ended(node, "outer")
    assert node.generated("inner") == 500
    assert node.served() == 800  # once, and over the energy of both


def test_of_spans_one_after_the_other_each_has_what_was_done_in_it(node: Node) -> None:
    code = """
        server = serve()
        for name in ("first", "second"):
            with joulebook.track(name=name):
                wait()
            wait()
    """
    node.agent()
    process = script(node, code)
    assert node.followed("first")
    node.ask(500)
    assert node.has(500, "first")
    go_on(process)
    go_on(process)
    assert node.followed("second")
    node.ask(700)
    assert node.has(200, "second")
    assert node.generated("first") == 500
    first, second = node.job(name="first"), node.job(name="second")
    assert seconds(first["ended_at"]) <= seconds(second["started_at"])


def test_what_a_job_counts_itself_is_not_counted_by_the_agent_as_well(node: Node) -> None:
    code = """
        with joulebook.track(name="explicit") as run:
            server = serve()
            wait()
            run.log(work={"generated_tokens": 7})
            wait()
    """
    node.agent()
    process = script(node, code)
    assert node.followed(NAME)
    node.ask(500)
    assert node.has(500, NAME)
    go_on(process)
    assert until(lambda: node.generated(NAME) == 7)
    assert node.job(name=NAME)["work"] == {
        "generated_tokens": 7,
        "prompt_tokens": 250,
        "requests": 5,
    }
