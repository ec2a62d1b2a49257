"""Real servers on loopback: one in this process, and ones in processes of their own."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.fakes.exporter_server import ExporterServer

from joulebook.clock import ManualClock
from joulebook.probes.exporter.http import get

_SERVE = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = open(sys.argv[2], "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page)
print(server.server_port, flush=True)
server.serve_forever()
"""


class ServingProcess:
    """A process of its own that listens on a port and shows the text of a file.

    Args:
        page: The file.
        port: Where to listen; 0 takes a free one.
        within: What starts it, such as `env NAME=text`.
    """

    def __init__(self, page: Path, port: int = 0, within: Sequence[str] = ()) -> None:
        command = [*within, sys.executable, "-c", _SERVE, str(port), str(page)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self.pid = self._process.pid
        self.url = f"http://127.0.0.1:{self.port}/metrics"

    def end(self) -> None:
        """Kill it, and wait until it is gone. May be called twice."""
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fetch(clock: ManualClock) -> Callable[[str], str]:
    """The way in which every page is read."""
    return lambda url: get(url, 5, clock)


@pytest.fixture
def server() -> Iterator[ExporterServer]:
    server = ExporterServer()
    yield server
    server.close()


@pytest.fixture
def start() -> Iterator[Callable[..., ServingProcess]]:
    """Starts servers in processes of their own; all are ended with the test."""
    started: list[ServingProcess] = []

    def begin(page: Path, port: int = 0, within: Sequence[str] = ()) -> ServingProcess:
        started.append(ServingProcess(page, port, within))
        return started[-1]

    yield begin
    for process in started:
        process.end()
