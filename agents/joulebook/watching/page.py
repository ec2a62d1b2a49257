"""A small HTTP server on a thread of its own: it answers who watches, and holds up nobody."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulebook.errors import AgentError

if TYPE_CHECKING:
    from joulebook.clock import Clock
    from joulebook.watching.server import Server

#: The longest that a request may take, answer included, s; a scrape waits 10 s as a rule.
REQUEST_S = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    content: bytes
    content_type: str = "text/plain; charset=utf-8"
    status: int = 200


Routes = Mapping[str, Callable[[], Reply]]


class Page:
    """Answers GET and HEAD on a few paths.

    Args:
        listen: Address and port, such as ``127.0.0.1:9807``; port 0 takes a free one.
        routes: What is answered, by path. It is called on the thread of the request.
        clock: Source of time.
        request_s: The longest that a request may take, s.
    """

    def __init__(
        self, listen: str, routes: Routes, clock: Clock, request_s: float = REQUEST_S
    ) -> None:
        self._listen = listen
        self._routes = routes
        self._clock = clock
        self._request_s = request_s
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it answers, once it was started."""
        if self._server is None:
            return f"http://{self._listen}/"
        host, port = self._server.server_address[:2]
        return f"http://[{host!s}]:{port}/" if ":" in str(host) else f"http://{host!s}:{port}/"

    def start(self) -> None:
        """Answer from here on.

        Raises:
            AgentError: The address cannot be listened on.
        """
        from joulebook.watching.server import Server  # noqa: PLC0415 - loads http.server

        try:
            self._server = Server(
                address_of(self._listen), self._routes, self._clock, self._request_s
            )
        except (OSError, OverflowError) as error:
            raise AgentError(
                f"cannot listen on {self._listen}: {getattr(error, 'strerror', None) or error}; "
                "set metrics_listen (JOULEBOOK_METRICS_LISTEN) to another address or port"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="joulebook-page", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; a request under way is not waited for."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._thread.join(self._request_s)
        with contextlib.suppress(OSError):
            self._server.server_close()


def address_of(listen: str) -> tuple[str, int]:
    """Address and port of ``127.0.0.1:9807`` or ``[::1]:9807``."""
    host, _, port = listen.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
