"""`joulebook up` and `joulebook demo` as processes, and the processes they start."""

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.waiting import until

#: The longest that a test waits for what must come, s.
PATIENCE_S = 60.0


@dataclass
class Machine:
    """A running command with a server and an agent.

    Attributes:
        process: The command.
        lines: What it printed until it was ready.
    """

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        found = re.search(r" ready on (\S+)", self.lines[0])
        assert found is not None
        return found[1]

    def ask(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=30) as answer:  # noqa: S310 - our own server
            text: str = answer.read().decode()
            return text

    def child(self, name: str) -> int:
        """Process id of its server or agent."""
        (pid,) = [pid for pid in children(self.process.pid) if name in command(pid)]
        return pid

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; exit code and standard error."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> tuple[int, str]:
        """Wait for its end; exit code and standard error."""
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, errors


def start(environment: dict[str, str], folder: Path, *words: str, last: str) -> Machine:
    """Start a command and read its lines until the one that begins like `last`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "joulebook", *words],
        env=environment,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    machine = Machine(process)
    for line in process.stdout:
        machine.lines.append(line)
        if line.startswith(last):
            return machine
    raise AssertionError(f"not ready: {machine.lines} {machine.ended()}")


def children(parent: int) -> list[int]:
    """Processes whose parent is this one."""
    return [pid for pid, fields in _processes() if int(fields[1]) == parent]


def lives(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has waited for does not."""
    return any(pid == one and fields[0] != "Z" for one, fields in _processes())


def gone(*pids: int) -> bool:
    """Whether all of them end."""
    return until(lambda: not any(map(lives, pids)), PATIENCE_S)


def command(pid: int) -> str:
    """Command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Process ids with the fields of /proc/PID/stat after the name: state, parent, ..."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue  # it ended meanwhile
            yield int(folder.name), text.rpartition(")")[2].split()
