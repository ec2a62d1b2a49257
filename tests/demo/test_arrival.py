import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from joulebook.clock import SystemClock
from joulebook_demo.arrival import await_jobs

ENDED = "2026-11-23T10:00:02.500000Z"


class Later(BaseHTTPRequestHandler):
    """A server that hears of a job at the second question, and of its end at the third."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        times = Later.asked.count(self.path)
        Later.asked.append(self.path)
        self.send_response(200 if times else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"ended_at": ENDED if times > 1 else None}).encode())

    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""


@pytest.fixture
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Later)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    Later.asked.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_job_is_awaited_until_the_server_knows_its_end(url: str) -> None:
    assert await_jobs(url, ["run:1"], SystemClock())
    assert Later.asked == ["/v1/jobs/run:1"] * 3


def test_a_job_that_does_not_come_is_not_awaited_for_ever(url: str) -> None:
    assert not await_jobs(url, ["run:1"], SystemClock(), within_s=0)
