"""The way to the server: one POST per batch, standard library only.

No redirect is followed and no proxy used but the one that is set: a batch goes to the server
that is named, or stays.
"""

import gzip
import http.client
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from joulebook.clock import Clock, SystemClock
from joulebook.errors import Refused, ShippingError, Unreachable
from joulebook.shipping.answers import PROXY_ASKS, Reply, read_reply
from joulebook.shipping.connection import Connection, Post
from joulebook.shipping.route import STRAIGHT, Route
from joulebook.shipping.skew import Skew
from joulebook.shipping.trust import words_of
from joulebook.wire import Answer, decode

PATH = "/v1/batches"
# An agent's batch of 10 GPUs has 5 kB; level 6 makes 1.5 kB of it in 20 µs, 4 % less than level 1.
_LEVEL = 6


class HttpSender:
    """Sends to a joulebook-server, over one connection that is kept.

    Args:
        url: Where the server is, such as ``http://127.0.0.1:8400``; may hold a path.
        token: Secret for the server, or None.
        timeout_s: The longest to wait for any single answer of the network, s.
        route: Proxy and authorities; none and the system's where it is left out.
        clock: Source of time; the system's where it is left out.
        skew: Told what the server's clock says.
    """

    def __init__(  # noqa: PLR0913 - where to, as whom, how
        self,
        url: str,
        token: str | None = None,
        timeout_s: float = 10.0,
        *,
        route: Route = STRAIGHT,
        clock: Clock | None = None,
        skew: Skew | None = None,
    ) -> None:
        self._url = urlsplit(url)
        self._token = token
        self._skew = skew or Skew()
        self._connection = Connection(self._url, route, timeout_s, clock or SystemClock())

    @property
    def url(self) -> str:
        """Where it sends to."""
        return self._url.geturl()

    def send(self, content: bytes) -> Answer:
        """Send the bytes of one batch; see `joulebook.shipping.sender.Sender`."""
        body = gzip.compress(content, compresslevel=_LEVEL, mtime=0)
        post = Post(self._url.path.rstrip("/") + PATH, body, self._headers())
        try:
            reply = self._connection.post(post)
        except (OSError, http.client.HTTPException, UnicodeError) as error:  # IDNA: no host name
            raise Unreachable(f"{self._place()} did not answer: {_reason(error)}") from error
        return self._read(reply)

    def _read(self, reply: Reply) -> Answer:
        """Only an answer of ours tells the time, too: a login page has a clock of its own."""
        try:
            answer = read_reply(reply, self._place())
        except Refused:
            self._compare(reply)
            raise
        self._compare(reply)
        return answer

    def _compare(self, reply: Reply) -> None:
        self._skew.hear(reply.headers["Date"], reply.arrived_us, reply.took_us)

    def _place(self) -> str:
        proxy = self._connection.proxy
        return self.url if proxy is None else f"{self.url} (through the proxy {proxy.shown})"

    def _headers(self) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "Accept": "application/json, application/problem+json",
        }
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return words_of(error)
    if isinstance(error, http.client.IncompleteRead):
        return "its answer was cut short"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    # http.client tells what a proxy said to CONNECT in the text alone.
    return f"{text}; {PROXY_ASKS}" if re.search(r"Tunnel .* 407\b", text) else text


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
