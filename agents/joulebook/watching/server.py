"""HTTP on a socket, with a bound on everything a caller can ask for."""

import io
import logging
import socket
import socketserver
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, TypeAlias

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.version import VERSION
from joulebook.watching.page import Reply, Routes

log = logging.getLogger("joulebook")

#: What the head of a request may fill, bytes; none has a body.
MOST_BYTES = 8 << 10
#: How many callers are answered at once; a further one is hung up on.
MOST_CALLERS = 8
_END = (b"\r\n\r\n", b"\n\n")
_CHUNK = 4096

_Request: TypeAlias = "socket.socket | tuple[bytes, socket.socket]"
_Address: TypeAlias = Any  # a pair for IPv4, a quadruple for IPv6


class Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Takes callers, each on a thread that ends with its request.

    The server of `http.server` is not used: it asks the resolver for its own name.

    Args:
        address: Address and port.
        routes: What is answered, by path.
        clock: Source of time.
        request_s: The longest that a request may take, s.

    Raises:
        OSError: The address cannot be listened on.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self, address: tuple[str, int], routes: Routes, clock: Clock, request_s: float
    ) -> None:
        self.routes = routes
        self.clock = clock
        self.request_s = request_s
        self._places = threading.BoundedSemaphore(MOST_CALLERS)
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)

    def process_request(self, request: _Request, client_address: _Address) -> None:
        """Answer on a thread, if there is a place."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread for it
            self._places.release()
            raise

    def process_request_thread(self, request: _Request, client_address: _Address) -> None:
        """Answer, then give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: _Request, client_address: _Address) -> None:  # noqa: ARG002
        """Whoever hung up or came too slowly is no news."""
        log.debug("joulebook: a request from %s ended early: %s", client_address, sys.exception())


class Handler(BaseHTTPRequestHandler):
    """One request: its head is read whole, within bounds, before anything looks at it."""

    server: Server

    def setup(self) -> None:
        """Begin to count the time."""
        super().setup()
        self._until_us = self.server.clock.monotonic_us() + int(self.server.request_s * US_PER_S)

    def handle(self) -> None:
        """Read the head and answer; the connection ends with it."""
        head = self._head()
        if head is None:
            return
        self.rfile = io.BytesIO(head)
        self.close_connection = True
        self.handle_one_request()

    def parse_request(self) -> bool:
        """As the base class, for two verbs."""
        if not super().parse_request():
            return False
        self.close_connection = True
        if self.command in ("GET", "HEAD"):
            return True
        self._say(Reply(b"GET and HEAD only\n", status=HTTPStatus.METHOD_NOT_ALLOWED))
        return False

    def do_GET(self) -> None:
        """Answer by path; what stands behind a question mark is no part of it."""
        route = self.server.routes.get(self.path.partition("?")[0])
        if route is None:
            names = " ".join(self.server.routes)
            self._say(Reply(f"there are {names}\n".encode(), status=HTTPStatus.NOT_FOUND))
            return
        try:
            reply = route()
        except Exception as error:  # noqa: BLE001 - a page that fails must not end the thread unsaid
            log.warning("joulebook: %s failed: %s: %s", self.path, type(error).__name__, error)
            reply = Reply(b"failed; see the agent's log\n", status=500)
        self._say(reply)

    do_HEAD = do_GET  # noqa: N815 - as above

    def version_string(self) -> str:
        """Who answers; the base class would name the Python, too."""
        return f"joulebook/{VERSION}"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its shape
        """Requests are no news."""
        log.debug("joulebook: %s", format % args)

    def _head(self) -> bytes | None:
        """The head of the request; None where none came, whole and in time."""
        head = b""
        while not any(end in head for end in _END):
            piece = self._receive() if len(head) < MOST_BYTES else b""
            if not piece:
                return None
            head += piece
        return head

    def _receive(self) -> bytes:
        """What came; empty where nothing more comes, or the time is up."""
        self.connection.settimeout(self._left_s())
        try:
            piece: bytes = self.connection.recv(_CHUNK)
        except OSError:
            return b""
        return piece

    def _left_s(self) -> float:
        left_us = self._until_us - self.server.clock.monotonic_us()
        return max(left_us / US_PER_S, 1e-3)

    def _say(self, reply: Reply) -> None:
        self.connection.settimeout(self._left_s())
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.content)))
        if reply.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.content)
