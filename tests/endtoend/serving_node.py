"""A host with an inference server on it that nobody changed, and agents that come and go."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.endtoend.conftest import clean_environment
from tests.fakes.network_space import within
from tests.waiting import until

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

PROGRAM = Path(__file__).parents[1] / "fakes" / "inference_server.py"


class Node:
    """The host.

    Attributes:
        ledger: The server that agents and trackers send to.
        port: All inference servers of a test listen on this one.
        url: The page that they show.
        words: What starts one, below another command.
        id: Name of a job; no other host's agent takes what it finds here for its own.
        model: Name of a model, likewise.
    """

    def __init__(self, folder: Path, ledger: "Server") -> None:
        self.ledger = ledger
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/metrics"
        self.id, self.model = f"served-{self.port}", f"org/m-{self.port}"
        self._asked = folder / "asked"
        self.words = (sys.executable, str(PROGRAM), str(self.port), str(self._asked))
        self._socket = Path(tempfile.mkdtemp(prefix="jb-")) / "a.sock"
        self._environment = {
            **clean_environment(folder),
            "JOULEBOOK_AGENT_SOCKET": str(self._socket),
            "JOULEBOOK_SERVER": ledger.url,
            "JOULEBOOK_DISCOVER": "true",
        }
        self._started: list[subprocess.Popen[str]] = []
        self._said = folder / "said"
        self._asked.with_suffix(".read").touch()
        self.ask(0)

    def serve(self, address: str | None = None) -> "subprocess.Popen[str]":
        """An inference server that has nothing but a label.

        Args:
            address: Of a network namespace of its own, where it is to have one.
        """
        self.ask(0)
        label = {"JOULEBOOK_MODEL": self.model, "JOULEBOOK_JOB_ID": self.id}
        words = self.words[1:]
        if address is None:
            return self.start(*words, **label)[0]
        return self.start(*words, address, within=within(f"{address}/32"), **label)[0]

    def ask(self, tokens: int) -> None:
        """Let it generate tokens, up to so many in all."""
        written = self._asked.with_suffix(".new")
        written.write_text(str(tokens))
        written.replace(self._asked)  # nobody reads half a number

    def agent(self, url: str | None = None) -> "subprocess.Popen[str]":
        """An agent that reads the server's page, at the URL that it has from outside."""
        words = ("-m", "joulebook", "agent", "--window-s", "0.5")
        process, line = self.start(*words, JOULEBOOK_SERVING_URL=url or self.url)
        assert re.match("joulebook agent ready", line), line
        return process

    def job(self, name: str | None = None) -> dict[str, Any]:
        """The job of a name, else that of `id`, as the ledger has it; empty where it has none."""
        key, wanted = ("uid", self.id) if name is None else ("name", name)
        return next((job for job in self._jobs() if job[key] == wanted), {})

    def generated(self, name: str | None = None) -> float | None:
        """Tokens that a job generated, as the ledger has it; None where it tells none."""
        tokens: float | None = self.job(name=name).get("work", {}).get("generated_tokens")
        return tokens

    def has(self, tokens: int, name: str | None = None) -> bool:
        """Wait until a job has so many generated tokens; more are never right."""

        def there() -> bool:
            found = self.generated(name) or 0
            assert found <= tokens
            return found == tokens

        return until(there)

    def followed(self, name: str | None = None) -> bool:
        """Wait until a job has its server's counters; from there on all that it does counts."""
        return until(lambda: self.generated(name) is not None)

    def row(self, uid: str) -> dict[str, Any]:
        """What the report says of a job."""
        rows = self.ledger.get("/v1/reports?group_by=job&filter=bucket:job")["rows"]
        found: dict[str, Any]
        (found,) = [row for row in rows if row["job"] == uid]
        return found

    def served(self) -> float | None:
        """Tokens that a report tells of `model`; None where it tells no joules for each."""
        rows = self.ledger.get("/v1/reports?group_by=model&filter=bucket:job")["rows"]
        (found,) = [row for row in rows if row["model"] == self.model]
        rated = found["energy_per_work_j"].get("generated_tokens")
        tokens: float | None = found["work"].get("generated_tokens")
        return None if rated is None else tokens

    def start(
        self, *words: str, within: Sequence[str] = (), **settings: str
    ) -> "tuple[subprocess.Popen[str], str]":
        """Start a Python process; the first line that it prints comes with it."""
        with self._said.open("a") as said:
            process = subprocess.Popen(
                [*within, sys.executable, *words],
                env=self._environment | settings,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                start_new_session=True,
            )
        self._started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline()

    def reads(self) -> int:
        """How often the page was read so far."""
        return self._asked.with_suffix(".read").stat().st_size

    def said(self) -> str:
        """What all processes wrote to standard error so far."""
        return self._said.read_text()

    def _jobs(self) -> Iterator[dict[str, Any]]:
        """All jobs of the ledger: the agent finds what other tests run at the same time, too."""
        page = self.ledger.get("/v1/jobs")
        yield from page["jobs"]
        while cursor := page["next_cursor"]:
            page = self.ledger.get(f"/v1/jobs?cursor={quote(cursor)}")
            yield from page["jobs"]

    def close(self) -> None:
        """End what still runs."""
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started, too
            process.communicate()
        shutil.rmtree(self._socket.parent)


@contextlib.contextmanager
def a_node(folder: Path, ledger: "Server") -> Iterator[Node]:
    """A host for one test."""
    made = Node(folder, ledger)
    try:
        yield made
    finally:
        made.close()


def leave(process: "subprocess.Popen[str]", how: int = signal.SIGTERM) -> None:
    """Tell a process to go, and wait until it did."""
    process.send_signal(how)
    process.communicate(timeout=60)


def seconds(moment: str) -> float:
    """A time of the wire, s since the Unix epoch."""
    return datetime.fromisoformat(moment).timestamp()


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
