"""Reading JSON from the server."""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from joulebook.errors import InvalidInput, Unreachable

TIMEOUT_S = 30.0


def get_json(url: str, token: str | None) -> dict[str, Any]:
    """The JSON object at `url`.

    Raises:
        InvalidInput: The server refused the question; the text is its own.
        Unreachable: No server, or one that cannot answer now.
    """
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - settings allow http(s) alone
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with build_opener(ProxyHandler({})).open(request, timeout=TIMEOUT_S) as answer:
            content: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        raise _problem(error) from error
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(f"no usable answer from {url.partition('?')[0]}: {reason}") from error
    return content


def _problem(error: HTTPError) -> InvalidInput | Unreachable:
    """The server's own words, where it sent a problem+json."""
    try:
        said = str(json.load(error).get("detail") or error.reason)
    except (ValueError, AttributeError):
        said = str(error.reason)
    server_fault = 500  # and above: not the question's fault
    if error.code >= server_fault:
        return Unreachable(f"the server answered {error.code}: {said}")
    return InvalidInput(f"the server answered {error.code}: {said}")
