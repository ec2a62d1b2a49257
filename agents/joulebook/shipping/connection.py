"""One connection to the server, kept open from batch to batch."""

import contextlib
import http.client
import os
import select
import ssl
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.shipping import forking
from joulebook.shipping.answers import Reply
from joulebook.shipping.route import Route, proxy_to
from joulebook.shipping.trust import context_of

#: A connection silent for longer is not used again, s: a router may have forgotten it.
KEEP_S = 60.0
_MAX_ANSWER_BYTES = 1 << 20
_PORTS = {"http": http.client.HTTP_PORT, "https": http.client.HTTPS_PORT}
_FINAL = 200  # a status below it is not the last word
# How it shows that the other side closed the connection.
_CUT = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


@dataclass(frozen=True, slots=True)
class Post:
    """A request that may be repeated: the server tells duplicates apart."""

    path: str
    body: bytes
    headers: Mapping[str, str]


class _Held:
    """What one process holds: the connection, when it was last used, and a lock for threads."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.pid = os.getpid()
        self.lock = threading.Lock()
        self.http: http.client.HTTPConnection | None = None
        self.used_us = 0

    def close(self) -> None:
        if self.http is not None:
            self.http.close()
        self.http = None

    def end(self) -> None:
        """Nobody will send any more; whoever still does is not cut off."""
        if self.lock.acquire(blocking=False):
            self.close()

    def abandon(self) -> None:
        """In a forked child: drop the parent's socket without a word on it.

        By its number alone: locks and buffers around it may be as some thread of the parent left
        them in the middle of a read.
        """
        opened = None if self.http is None else self.http.sock
        if opened is not None:
            with contextlib.suppress(OSError):
                os.close(opened.detach())
        self._begin()


class Connection:
    """Posts to one server, for any thread, over one connection as long as that lasts.

    A child of a fork makes one of its own.

    Args:
        url: Where the server is.
        route: Proxy and authorities.
        timeout_s: The longest to wait for any single answer of the network, s.
        clock: Source of time.
    """

    def __init__(self, url: SplitResult, route: Route, timeout_s: float, clock: Clock) -> None:
        self.proxy = proxy_to(url, route)
        self._url = url
        self._ca_file = route.ca_file
        self._timeout_s = timeout_s
        self._clock = clock
        self._context: ssl.SSLContext | None = None
        self._held = _Held()
        weakref.finalize(self, self._held.end)
        forking.watch(self)

    def post(self, post: Post) -> Reply:
        """Send a request and read the answer.

        Where the server closed a connection that had served before, as servers do with idle
        ones, the request goes out once more over a new one.

        Raises:
            OSError, http.client.HTTPException, UnicodeError: There was no whole answer.
            Unreachable: `ca_file` cannot be used.
        """
        held = self._own()
        with held.lock:
            if not self._fit(held):
                held.close()
            kept = held.http is not None
            try:
                return self._exchange(held, post)
            except _CUT:
                if not kept:
                    raise
            return self._exchange(held, post)

    def before_fork(self) -> None:
        """Nothing: a fork must not wait for a server. See `_Held.abandon`."""

    def after_fork(self) -> None:
        """The connection stays with the parent."""
        self._own()

    def _own(self) -> _Held:
        if self._held.pid != os.getpid():
            self._held.abandon()
        return self._held

    def _fit(self, held: _Held) -> bool:
        """Whether the kept connection may serve again: not old, and nothing came unasked.

        An end of file is such a thing; so is the answer to no question that some servers send
        before they hang up, which would be taken for the answer to the next.
        """
        opened = None if held.http is None else held.http.sock
        silent_us = self._clock.monotonic_us() - held.used_us
        if opened is None or silent_us > KEEP_S * US_PER_S:
            return False
        look = select.poll()
        look.register(opened, select.POLLIN)
        return not look.poll(0)

    def _exchange(self, held: _Held, post: Post) -> Reply:
        """One attempt; the connection outlives it only if all of it went well."""
        try:
            http_ = held.http = held.http or self._made()
            if http_.sock is None:
                http_.connect()
            began_us = self._clock.monotonic_us()
            written = self._write(http_, post)
            response = http_.getresponse()
            content = _content(response)
        except BaseException as error:
            held.close()
            if isinstance(error, ssl.SSLError):
                self._context = None  # somebody may mend the file of authorities
            raise
        held.used_us = self._clock.monotonic_us()
        if not written or not response.isclosed() or response.status < _FINAL:
            held.close()
        took_us = held.used_us - began_us
        return Reply(response.status, response.headers, content, self._clock.wall_us(), took_us)

    def _write(self, http_: http.client.HTTPConnection, post: Post) -> bool:
        """False where the server hung up on it: it may have answered before it read all."""
        path, headers = post.path, dict(post.headers)
        if self.proxy is not None and self._url.scheme == "http":
            path = f"http://{self._url.netloc}{path}"
            headers |= self.proxy.headers
        try:
            http_.request("POST", path, post.body, headers)
        except _CUT:
            return False
        return True

    def _made(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port or _PORTS[self._url.scheme]
        to = (host, port) if self.proxy is None else (self.proxy.host, self.proxy.port)
        if self._url.scheme == "http":
            return http.client.HTTPConnection(*to, timeout=self._timeout_s)
        self._context = self._context or context_of(self._ca_file)
        made = http.client.HTTPSConnection(*to, timeout=self._timeout_s, context=self._context)
        if self.proxy is not None:
            made.set_tunnel(host, port, self.proxy.headers)
        return made


def _content(response: http.client.HTTPResponse) -> bytes:
    """The body, whole; `read` with a limit does not tell that it was cut short."""
    content = response.read(_MAX_ANSWER_BYTES)
    if response.length and len(content) < _MAX_ANSWER_BYTES:
        raise http.client.IncompleteRead(content, response.length)
    return content
