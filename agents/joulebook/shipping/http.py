"""The way to the server: one POST per batch, standard library only.

No proxy is used and no redirect followed: a batch goes to the server that is set, or stays.
"""

import contextlib
import gzip
import http.client
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from joulebook.errors import ShippingError, Unreachable
from joulebook.shipping.answers import Reply, read_reply
from joulebook.wire import Answer, decode

PATH = "/v1/batches"
_MAX_ANSWER_BYTES = 1 << 20


class HttpSender:
    """Sends to a joulebook-server.

    Args:
        url: Where the server is, such as ``http://127.0.0.1:8400``; may hold a path.
        token: Secret for the server, or None.
        timeout_s: The longest to wait for any single answer of the network, s.
    """

    def __init__(self, url: str, token: str | None = None, timeout_s: float = 10.0) -> None:
        self._url = urlsplit(url)
        self._token = token
        self._timeout_s = timeout_s

    @property
    def url(self) -> str:
        """Where it sends to."""
        return self._url.geturl()

    def send(self, content: bytes) -> Answer:
        """Send the bytes of one batch; see `joulebook.shipping.sender.Sender`."""
        body = gzip.compress(content, compresslevel=6, mtime=0)
        try:
            with contextlib.closing(_connection(self._url, self._timeout_s)) as connection:
                reply = self._exchange(connection, body)
        except (OSError, http.client.HTTPException, UnicodeError) as error:  # IDNA: no host name
            raise Unreachable(f"{self.url} did not answer: {_reason(error)}") from error
        return read_reply(reply, self.url)

    def _exchange(self, connection: http.client.HTTPConnection, body: bytes) -> Reply:
        try:
            connection.request("POST", self._url.path.rstrip("/") + PATH, body, self._headers())
        except (BrokenPipeError, ConnectionResetError):
            # A server that finds a body too large may answer and hang up before it has read it.
            if connection.sock is None:
                raise
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read(_MAX_ANSWER_BYTES))

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept": "application/json, application/problem+json",
        }
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def _connection(url: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, url.port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(host, url.port, timeout=timeout_s)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


@dataclass
class MemorySender:
    """The in-memory twin of a sender: a list of what arrived.

    Attributes:
        sent: Bytes of every batch that was taken, in order.
        failures: Errors for the next sends, first one first; they take nothing.
        window_us: Length of window asked for, µs.
    """

    sent: list[bytes]
    failures: list[ShippingError]
    window_us: int

    def __init__(self, failures: Sequence[ShippingError] = (), window_us: int = 10_000_000) -> None:
        self.sent = []
        self.failures = list(failures)
        self.window_us = window_us

    @property
    def url(self) -> str:
        """No address: everything stays in memory."""
        return "memory"

    def send(self, content: bytes) -> Answer:
        """Take the batch, unless told to fail."""
        if self.failures:
            raise self.failures.pop(0)
        duplicate = content in self.sent
        if not duplicate:
            self.sent.append(content)
        return Answer(decode(content).seq, duplicate, [], self.window_us)
