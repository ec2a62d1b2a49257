"""A server that misbehaves exactly as told: bytes on loopback, with or without TLS."""

import contextlib
import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

_HEAD_END = b"\r\n\r\n"
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Asked:
    """One request: over which connection, and what it said."""

    connection: int
    head: str
    raw: bytes

    @property
    def line(self) -> str:
        return self.head.splitlines()[0]

    @property
    def content(self) -> bytes:
        return gzip.decompress(self.raw)

    @property
    def seq(self) -> int:
        return int(json.loads(self.content)["seq"])


#: Answers one request; may hand back another socket to go on with, such as one within a tunnel.
Act = Callable[[socket.socket, Asked], socket.socket | None]


class Peer:
    """Answers each connection's requests by its acts, then closes it; later ones by `well`.

    Args:
        scripts: The acts of the first connection, of the second, and so on.
        tls: Speak TLS with this certificate.
    """

    def __init__(self, *scripts: list[Act], tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self._scripts = scripts
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ended: list[threading.Event] = []
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def connections(self) -> list[int]:
        """Over which connection each request came, in order."""
        return [asked.connection for asked in self.asked]

    def wait_closed(self, connection: int) -> bool:
        """Wait until that connection is closed at this end."""
        return self._ended[connection].wait(_PATIENCE_S)

    def close(self) -> None:
        for one in (self._listening, *self._open):
            with contextlib.suppress(OSError):
                socket.socket.shutdown(one, socket.SHUT_RDWR)  # also where it speaks TLS
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                accepted, _ = self._listening.accept()
                self._ended.append(threading.Event())
                thread = threading.Thread(target=self._serve, args=(accepted, len(self._ended) - 1))
                self._threads.append(thread)
                thread.start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        ends = [accepted]
        self._open.append(accepted)
        try:
            if self._tls is not None:
                ends.append(self._tls.wrap_socket(accepted, server_side=True))
                self._open.append(ends[-1])
            for act in self._scripts[number] if number < len(self._scripts) else [well] * 1_000:
                asked = _request(ends[-1], number)
                if asked is None:
                    break
                self.asked.append(asked)
                other = act(ends[-1], asked)
                if other is not None:
                    ends.append(other)
                    self._open.append(other)
        except OSError:
            pass  # the client left, or did not like our certificate
        finally:
            for end in ends:
                end.close()
            self._ended[number].set()


def _request(end: socket.socket, number: int) -> Asked | None:
    """The next request; None where the client has no more."""
    content = b""
    while _HEAD_END not in content:
        more = end.recv(65536)
        if not more:
            return None
        content += more
    head, _, raw = content.partition(_HEAD_END)
    lines = head.decode("latin-1").lower().splitlines()
    lengths = [int(line[15:]) for line in lines if line.startswith("content-length:")]
    while len(raw) < sum(lengths):
        raw += end.recv(65536)
    return Asked(number, head.decode("latin-1"), raw)


def answer(seq: int) -> bytes:
    """The body of a good answer."""
    return json.dumps({"seq": seq, "duplicate": False, "missing": [], "window_us": 1}).encode()


def response(body: bytes, head: str = "HTTP/1.1 200 OK", length: int | None = None) -> bytes:
    """An answer with its length; a false one where one is given."""
    told = len(body) if length is None else length
    return f"{head}\r\nContent-Length: {told}\r\n\r\n".encode() + body


def well(end: socket.socket, asked: Asked) -> None:
    """As a joulebook-server does."""
    end.sendall(response(answer(asked.seq)))


def hang_up(_end: socket.socket, _asked: Asked) -> None:
    """Nothing; it is to be the last act of its connection."""


def reset(end: socket.socket, _asked: Asked) -> None:
    """As a machine that crashed and knows of no connection."""
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def wait(end: socket.socket, _asked: Asked) -> None:
    """No answer for as long as the client waits."""
    end.recv(1)


def says(content: bytes) -> Act:
    """An act that says just that."""

    def act(end: socket.socket, _asked: Asked) -> None:
        end.sendall(content)

    return act
