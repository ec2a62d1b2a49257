"""A server process, started and asked."""

import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

COMMAND = [sys.executable, "-m", "joulebook_server"]


@dataclass
class Running:
    """A server that has said it is ready."""

    process: "subprocess.Popen[str]"
    ready: str

    @property
    def url(self) -> str:
        found = re.search(r"http://\S+", self.ready)
        assert found is not None
        return found[0]

    def ask(self, path: str, content: bytes | None = None) -> str:
        request = urllib.request.Request(f"{self.url}{path}", content)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            text: str = answer.read().decode()
            return text

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; exit code and standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


Start = Callable[..., Running]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """The one line of a server that cannot start."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("joulebook-server: ")
    return lines[0]
