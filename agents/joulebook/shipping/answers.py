"""What an answer of the server means for the batch."""

import json
import re
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from typing import Any

from joulebook.core.units import US_PER_S
from joulebook.errors import Refused, TooLarge, Unreachable
from joulebook.shipping.sender import ProxyLimit
from joulebook.shipping.skew import date_us
from joulebook.wire import Answer

_MAX_SHOWN = 300
_TOKEN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
# These say something of the way to the server or of this moment, not of the batch.
_NOT_OF_THE_BATCH = (404, 405, 407, 408, 421, 425, 426, 429)
PROXY_ASKS = (
    "the proxy asks for a name and password: set proxy (JOULEBOOK_PROXY) to "
    "http://name:password@host:port"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer as it came.

    Attributes:
        status: HTTP status.
        headers: Its headers.
        body: Its content.
        arrived_us: Our wall clock when it had come, µs since the Unix epoch.
        took_us: Time from request to answer, µs.
    """

    status: int
    headers: Message
    body: bytes
    arrived_us: int
    took_us: int


def read_reply(reply: Reply, url: str) -> Answer:
    """The server's answer to a batch that it committed.

    Only a server of ours can refuse a batch for good, and it says so as problem+json: a page
    of some proxy or of another program must not put measurements out of the way.

    Args:
        reply: What came back.
        url: The server's address, for messages.

    Raises:
        Unreachable, ProxyLimit, TooLarge, Refused: See `joulebook.shipping.sender`.
    """
    if reply.status == HTTPStatus.OK:
        return _answer(reply, url)
    if reply.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise _too_large(reply, url)
    if reply.status in _TOKEN:
        raise Unreachable(
            f"{url} does not accept the token ({reply.status}); set token (JOULEBOOK_TOKEN) "
            "to one that the server knows"
        )
    problem = _problem(reply)
    if 400 <= reply.status < 500 and problem and reply.status not in _NOT_OF_THE_BATCH:  # noqa: PLR2004 - the 4xx range
        raise Refused(f"{url} answered {reply.status}: {problem}")
    raise Unreachable(_elsewhere(reply, url, problem), _retry_after_s(reply))


def _answer(reply: Reply, url: str) -> Answer:
    """Anything but our own form is no acknowledgement: a login page answers 200 too."""
    try:
        tree = json.loads(reply.body)
        return Answer(
            seq=int(tree["seq"]),
            duplicate=bool(tree["duplicate"]),
            missing=[int(seq) for seq in tree["missing"]],
            window_us=int(tree["window_us"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        raise Unreachable(
            f"{url} answered 200, but not as a joulebook-server does; is server set right?"
        ) from error


def _too_large(reply: Reply, url: str) -> TooLarge:
    problem = _problem(reply)
    if problem is not None:
        return TooLarge(f"{url} answered 413: {problem}")
    return ProxyLimit(
        f"{url} answered 413, but not as a joulebook-server does: a proxy before it takes no "
        "request of this size; raise its limit (in nginx, client_max_body_size)",
        _retry_after_s(reply),
    )


def _elsewhere(reply: Reply, url: str, problem: str | None) -> str:
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the 3xx range
        target = reply.headers.get("Location", "another address")
        return f"{url} points to {target:.{_MAX_SHOWN}} ({reply.status}); set server to that"
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS or reply.status >= 500:  # noqa: PLR2004 - 5xx
        return f"{url} answered {reply.status}: {problem or 'not now'}"
    if reply.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return f"{url} was not reached (407): {PROXY_ASKS}"
    return f"{url} answered {reply.status}; is a joulebook-server there?"


def _problem(reply: Reply) -> str | None:
    """Detail and path of a problem+json (RFC 9457); None where the body is something else."""
    if reply.headers.get_content_type() != "application/problem+json":
        return None
    try:
        tree: Any = json.loads(reply.body)
    except ValueError:
        return None
    if not isinstance(tree, dict):
        return None
    text = str(tree.get("detail") or tree.get("title") or "no reason given")
    path = tree.get("path")
    whole = f"{path}: {text}" if path and str(path) not in text else text
    return whole[:_MAX_SHOWN]


def _retry_after_s(reply: Reply) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3); a date is counted from the server's own clock if told."""
    value = reply.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return float(value)
    until_us = date_us(value)
    if until_us is None:
        return None
    now_us = date_us(reply.headers["Date"])
    return max(0.0, (until_us - (reply.arrived_us if now_us is None else now_us)) / US_PER_S)
