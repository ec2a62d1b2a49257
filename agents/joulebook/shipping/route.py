"""The way to a server: straight or through a proxy, and who may vouch for the server."""

import base64
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from joulebook.settings.proxies import without_secret


@dataclass(frozen=True, slots=True)
class Route:
    """What is set about the way to the server.

    Attributes:
        proxy: URL of an http proxy, maybe with name and password; None: none.
        ca_file: PEM certificates of who may vouch for a server; None: the system's.
    """

    proxy: str | None = field(default=None, repr=False)
    ca_file: Path | None = None


#: No proxy, and the system's authorities.
STRAIGHT = Route()


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy to connect to.

    Attributes:
        host: Its name or address.
        port: Its TCP port.
        headers: What it is told beside each request or tunnel: who we are, where it asks.
        shown: Its address for people, without name and password.
    """

    host: str
    port: int
    headers: dict[str, str] = field(repr=False)
    shown: str


def proxy_to(server: SplitResult, route: Route) -> Proxy | None:
    """The proxy on the way to a server; None where there is none.

    A server on this machine is reached without: the proxy's loopback is not ours.
    """
    if route.proxy is None or _on_this_machine(server.hostname or ""):
        return None
    parts = urlsplit(route.proxy)
    return Proxy(
        parts.hostname or "", parts.port or 0, _credentials(parts), without_secret(route.proxy)
    )


def _credentials(parts: SplitResult) -> dict[str, str]:
    """Name and password as the header of the Basic scheme (RFC 7617)."""
    if parts.username is None:
        return {}
    pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


def _on_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False
