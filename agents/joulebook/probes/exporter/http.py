"""One GET of an exporter's text, bounded in time and size.

No proxy is used, no redirect followed and no compression asked for: the answer is that of the
exporter that is set, or none. The HTTP client is loaded by the first request, not by an import.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from joulebook.core.units import US_PER_S
from joulebook.errors import Retry

if TYPE_CHECKING:
    import http.client

    from joulebook.clock import Clock

#: dcgm-exporter shows about 5 KiB a GPU; this is room for hundreds of MIG instances and pods.
MOST_BYTES = 8 << 20
_CHUNK_BYTES = 1 << 16
_HEADERS = {"Accept": "text/plain;version=0.0.4", "Connection": "close"}
_OK = 200
_REDIRECT = range(300, 400)

_START = "start the exporter on this machine, or correct JOULEBOOK_EXPORTER_URL"
_NAME_PAGE = (
    "let JOULEBOOK_EXPORTER_URL name the page itself, such as http://127.0.0.1:9400/metrics"
)
_OPEN = "let the exporter answer this machine without a login, such as on loopback only"
_LOOK = "look into the exporter's log"
_CURES = {401: _OPEN, 403: _OPEN, 404: _NAME_PAGE}


class Unanswered(Retry):
    """The exporter gave no text that can be used.

    Attributes:
        cure: What a person can do about it.
    """

    def __init__(self, message: str, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


def get(url: str, timeout_s: float, clock: Clock) -> str:
    """The text at `url`.

    Args:
        url: Where it is; http or https.
        timeout_s: The longest to wait, s.
        clock: Tells when an answer that trickles in has taken too long.

    Raises:
        Unanswered: It did not come, or is not a whole and plain text.
    """
    import http.client  # noqa: PLC0415 - loaded only where an exporter is set

    until_us = clock.monotonic_us() + round(timeout_s * US_PER_S)
    try:
        with contextlib.closing(_connection(urlsplit(url), timeout_s)) as connection:
            connection.request("GET", urlsplit(url).path or "/", headers=_HEADERS)
            response = connection.getresponse()
            _refuse(url, response)
            return _body(url, response, clock, until_us).decode("utf-8", errors="replace")
    except TimeoutError as error:
        raise Unanswered(f"{url} did not answer in {timeout_s:g} s", _LOOK) from error
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise Unanswered(f"{url} did not answer: {_reason(error)}", _START) from error


def _connection(url: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    import http.client  # noqa: PLC0415 - as above

    host = url.hostname or ""
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, url.port, timeout=timeout_s)
    return http.client.HTTPConnection(host, url.port, timeout=timeout_s)


def _refuse(url: str, response: http.client.HTTPResponse) -> None:
    """Whatever is not a plain text, in words."""
    status = response.status
    if status in _REDIRECT:
        raise Unanswered(
            f"{url} sends elsewhere (HTTP {status}), which is not followed", _NAME_PAGE
        )
    if status != _OK:
        raise Unanswered(f"{url} answers HTTP {status}", _CURES.get(status, _LOOK))
    encoding = response.headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        raise Unanswered(f"{url} answers {encoding}, though plain text was asked for", _LOOK)


def _body(url: str, response: http.client.HTTPResponse, clock: Clock, until_us: int) -> bytes:
    body = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unanswered(f"{url} answers more than {MOST_BYTES >> 20} MiB", _NAME_PAGE)
        if clock.monotonic_us() > until_us:
            raise TimeoutError
    if response.length:  # what was announced and did not come
        raise Unanswered(f"{url} was cut short: {response.length} bytes are missing", _LOOK)
    return bytes(body)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
