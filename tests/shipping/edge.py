"""A stand-in for the server's edge: a real HTTP server on loopback that says what it is told."""

import gzip
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_UP = -1
Tree = dict[str, Any]


@dataclass
class Say:
    """One answer: HTTP status (or `HANG_UP`), JSON body and further headers."""

    status: int
    tree: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/problem+json"


@dataclass
class Heard:
    """One request as it came."""

    path: str
    headers: Message
    raw: bytes

    @property
    def content(self) -> bytes:
        return gzip.decompress(self.raw)

    @property
    def batch(self) -> Tree:
        tree: Tree = json.loads(self.content)
        return tree


Rule = Callable[[Tree], Say | None]


class Edge:
    """Listens on loopback. `rule` looks at each batch; None means: accept it."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.taken: list[Tree] = []
        self.rule: Rule = lambda _: None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, heard: Heard) -> Say:
        self.heard.append(heard)
        said = self.rule(heard.batch)
        if said is not None:
            return said
        batch = heard.batch
        duplicate = batch in self.taken
        if not duplicate:
            self.taken.append(batch)
        answer = {
            "seq": batch["seq"],
            "duplicate": duplicate,
            "missing": [],
            "window_us": 20_000_000,
        }
        return Say(200, answer, content_type="application/json")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        edge = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                said = edge.answer(Heard(self.path, self.headers, raw))
                if said.status == HANG_UP:
                    return
                body = b"" if said.tree is None else json.dumps(said.tree).encode()
                self.send_response(said.status)
                self.send_header("Content-Type", said.content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the tests look at `heard`."""

        return Handler


class Once:
    """A rule that says `said` to the first batch and accepts the rest."""

    def __init__(self, said: Say) -> None:
        self._said: Say | None = said

    def __call__(self, _: object) -> Say | None:
        said, self._said = self._said, None
        return said
