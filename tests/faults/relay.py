"""Stands between an agent and its server, and does to each request what a network may do."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.waiting import until

_HEAD_END = b"\r\n\r\n"
_PATIENCE_S = 30.0


@dataclass(frozen=True)
class Told:
    """What the server answered, and what it means."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def content(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw.partition(_HEAD_END)[2])
        return found


#: Does something with one request; the bytes for the agent, or None to hang up on it.
Act = Callable[["Relay", bytes], bytes | None]


@dataclass
class Relay:
    """Passes requests on to a server; each one as `act` does it, which may change at any time.

    Attributes:
        server: URL of the server.
        act: What happens to a request.
        told: What the server answered, in order; also what the agent never heard.
    """

    server: str
    act: Act
    told: list[Told] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Where agents are to send to."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def ask(self, request: bytes) -> Told:
        """Pass a request on and wait for the whole answer.

        Raises:
            OSError: The server is away, or leaves in the middle.
        """
        with self.reach() as server:
            server.sendall(request)
            told = Told(_message(server))
        if not told.raw:
            raise ConnectionResetError("the server left without an answer")
        self.told.append(told)
        return told

    def reach(self) -> socket.socket:
        """A connection to the server."""
        port = urlsplit(self.server).port
        return socket.create_connection(("127.0.0.1", port or 0), _PATIENCE_S)

    def close(self) -> None:
        """Hang up on everybody and stop."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                agent, _ = self._listening.accept()
                self._open.append(agent)
                self._threads.append(threading.Thread(target=self._serve, args=(agent,)))
                self._threads[-1].start()

    def _serve(self, agent: socket.socket) -> None:
        with agent, contextlib.suppress(OSError):
            while request := _message(agent):
                answer = self.act(self, request)
                if answer is None:
                    return
                agent.sendall(answer)


def _message(end: socket.socket) -> bytes:
    """One whole HTTP message that tells its length; nothing where the other side left."""
    content = b""
    while _HEAD_END not in content:
        content += (more := end.recv(65536))
        if not more:
            return b""
    head = content.partition(_HEAD_END)[0]
    lines = head.decode("latin-1").lower().splitlines()
    length = sum(int(line[15:]) for line in lines if line.startswith("content-length:"))
    while len(content) < len(head) + len(_HEAD_END) + length:
        content += (more := end.recv(65536))
        if not more:
            return b""
    return content


def pass_on(relay: Relay, request: bytes) -> bytes | None:
    """As a good network does; hangs up where the server is away."""
    return relay.ask(request).raw


def swallow(relay: Relay, request: bytes) -> bytes | None:
    """The server has it and says so; nobody hears that."""
    relay.ask(request)
    return None


def repeat(relay: Relay, request: bytes) -> bytes | None:
    """The server gets it twice; the agent hears the second answer."""
    relay.ask(request)
    return relay.ask(request).raw


def another(relay: Relay) -> bool:
    """Wait until the server has answered once more."""
    before = len(relay.told)
    return until(lambda: len(relay.told) > before)
