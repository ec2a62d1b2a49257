"""An inference server that nobody changed: its tokens and its energy in one report."""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.endtoend.conftest import clean_environment
from tests.waiting import until

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

PROGRAM = Path(__file__).parents[1] / "fakes" / "inference_server.py"
ID = "served-1"


class Node:
    """A host with an inference server on it, and agents that come and go."""

    def __init__(self, folder: Path, ledger: "Server") -> None:
        self.ledger = ledger
        self._socket = Path(tempfile.mkdtemp(prefix="jb-")) / "a.sock"
        self._asked = folder / "asked"
        self._environment = {
            **clean_environment(folder),
            "JOULEBOOK_AGENT_SOCKET": str(self._socket),
            "JOULEBOOK_SERVER": ledger.url,
            "JOULEBOOK_DISCOVER": "true",
        }
        self._started: list[subprocess.Popen[str]] = []
        self.port = 0

    def serve(self) -> "subprocess.Popen[str]":
        """An inference server; all of a test listen on one port."""
        self.ask(0)
        words = [str(PROGRAM), str(self.port), str(self._asked)]
        process, line = self._start(*words, JOULEBOOK_MODEL="org/m", JOULEBOOK_JOB_ID=ID)
        self.port = int(line)
        return process

    def ask(self, tokens: int) -> None:
        """Let it generate tokens, up to so many in all."""
        written = self._asked.with_suffix(".new")
        written.write_text(str(tokens))
        written.replace(self._asked)  # nobody reads half a number

    def agent(self) -> "subprocess.Popen[str]":
        """An agent that reads the server's page."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        words = ("-m", "joulebook", "agent", "--window-s", "0.5")
        process, line = self._start(*words, JOULEBOOK_SERVING_URL=url)
        assert re.match("joulebook agent ready", line), line
        return process

    def job(self) -> dict[str, Any]:
        """The job as the ledger has it; empty where it does not know it."""
        jobs = {job["uid"]: job for job in self.ledger.get("/v1/jobs")["jobs"]}
        found: dict[str, Any] = jobs.get(ID, {})
        return found

    def has(self, tokens: int) -> bool:
        """Wait until the ledger has so many generated tokens; more are never right."""

        def there() -> bool:
            found = self.job().get("work", {}).get("generated_tokens", 0)
            assert found <= tokens
            return bool(found == tokens)

        return until(there)

    def close(self) -> None:
        """End what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()
        shutil.rmtree(self._socket.parent)

    def _start(self, *words: str, **settings: str) -> "tuple[subprocess.Popen[str], str]":
        process = subprocess.Popen(
            [sys.executable, *words],
            env=self._environment | settings,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline()


@pytest.fixture
def node(tmp_path: Path, start_server: "StartServer") -> Iterator[Node]:
    made = Node(tmp_path, start_server())
    yield made
    made.close()


def leave(process: "subprocess.Popen[str]", how: int = signal.SIGTERM) -> None:
    process.send_signal(how)
    process.communicate(timeout=60)


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def followed(node: Node) -> bool:
    """Wait until the job has its server's counters, from which on all that it does counts."""
    return until(lambda: "generated_tokens" in node.job().get("work", {}))


def test_a_server_that_only_has_a_label_has_energy_for_each_of_its_tokens(node: Node) -> None:
    serving = node.serve()
    agent = node.agent()
    assert followed(node)
    node.ask(2_000)
    assert node.has(2_000)
    leave(serving, signal.SIGKILL)
    assert until(lambda: node.job()["ended_at"])
    leave(agent)
    job = node.job()
    assert (job["model"], job["kind"]) == ("org/m", "serving")
    assert job["work"] == {"generated_tokens": 2_000, "prompt_tokens": 1_000, "requests": 20}
    assert job["quality"] == {"batch_size": 4.0}
    rows = node.ledger.get("/v1/reports?group_by=job&filter=bucket:job")["rows"]
    (row,) = [row for row in rows if row["job"] == ID]
    assert int(row["energy_uj"]) > 0
    each_j = row["energy_per_work_j"]["generated_tokens"]
    assert each_j == pytest.approx(int(row["energy_uj"]) / 1e6 / 2_000)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_what_agents_counted_one_after_the_other_adds_up(node: Node, how: int) -> None:
    serving = node.serve()
    agent = node.agent()
    assert followed(node)
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
    assert followed(node)
    node.ask(600)
    assert node.has(600)
    leave(serving, signal.SIGKILL)
    assert until(lambda: node.job()["ended_at"])
    node.serve()
    assert until(lambda: node.job()["ended_at"] is None)
    node.ask(400)
    assert node.has(1_000)
