"""A server process on a database of its own, spoken to over HTTP."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.builders import Push

from joulebook.wire import encode

STOP_S = 30


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        url: Where it is.
    """

    url: str

    def get(self, path: str, **parameters: str) -> dict[str, Any]:
        """A JSON answer; `start` stands for the parameter `from`, and `end` for `to`."""
        names = {"start": "from", "end": "to"}
        asked = urlencode({names.get(name, name): value for name, value in parameters.items()})
        with urllib.request.urlopen(f"{self.url}{path}?{asked}", timeout=30) as answer:  # noqa: S310 - our own server
            content: dict[str, Any] = json.load(answer)
            return content

    def push(self, pushes: Iterable[Push]) -> None:
        """Send batches, as agents do."""
        for one in pushes:
            address = f"{self.url}/v1/batches"
            with urllib.request.urlopen(address, encode(one.batch()), timeout=30) as answer:  # noqa: S310 - our own server
                answer.read()

    def correct(self, uid: str, changes: dict[str, Any]) -> None:
        """Lay a person's correction over a job."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}/v1/jobs/{quote(uid, safe='')}",
            json.dumps(changes).encode(),
            {"Content-Type": "application/json"},
            method="PATCH",
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            answer.read()


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Server]:
    """A server on a free port and a database in `folder`."""
    inherited = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
    words = [sys.executable, "-m", "joulebook_server", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*words, "--database-url", f"sqlite:///{folder}/server.db", *flags],
        env={**inherited, "HOME": str(folder)},
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = re.search(r"ready on (\S+)", process.stdout.readline())
        assert ready is not None
        yield Server(ready[1])
    finally:
        process.terminate()
        process.communicate(timeout=STOP_S)
