"""Reading JSON from the server."""

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    BaseHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from joulebook.errors import InvalidInput, Unreachable
from joulebook.shipping.route import STRAIGHT, Route, proxy_to
from joulebook.shipping.trust import context_of

TIMEOUT_S = 30.0


def get_json(url: str, token: str | None, route: Route = STRAIGHT) -> dict[str, Any]:
    """The JSON object at `url`.

    Args:
        url: Where it is.
        token: Secret for the server, or None.
        route: Proxy and authorities.

    Raises:
        InvalidInput: The server refused the question; the text is its own.
        Unreachable: No server, or one that cannot answer now.
    """
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - settings allow http(s) alone
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with _opener(url, request, route).open(request, timeout=TIMEOUT_S) as answer:
            content: dict[str, Any] = json.load(answer)
    except HTTPError as error:
        raise _problem(error) from error
    except (URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(f"no usable answer from {url.partition('?')[0]}: {reason}") from error
    return content


def _opener(url: str, request: Request, route: Route) -> OpenerDirector:
    """No proxy of the environment: only the one that is set."""
    handlers: list[BaseHandler] = [ProxyHandler({})]
    if url.startswith("https:"):
        handlers.append(HTTPSHandler(context=context_of(route.ca_file)))
    proxy = proxy_to(urlsplit(url), route)
    if proxy is not None:
        request.add_header("Host", urlsplit(url).netloc)  # else the proxy would be named
        request.set_proxy(f"{proxy.host}:{proxy.port}", "http")
        for name, text in proxy.headers.items():
            request.add_header(name, text)
    return build_opener(*handlers)


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
