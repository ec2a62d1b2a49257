"""Which pages of inference servers are read, and whose they are, as a person writes it.

``http://127.0.0.1:8000/metrics`` alone is the page of the process that listens on port 8000. Where
a proxy listens there that does not say for whom, ``port=`` names the port of the server itself, or
``pid=`` one of its processes.
"""

import re
from dataclasses import dataclass

_URL = re.compile(r"(https?)://(\[[0-9a-fA-F:.]+\]|[^/\s:@?#\[\]]+)(?::([0-9]{1,5}))?(/[^\s?#]*)?")
_PORTS = {"http": 80, "https": 443}
_MOST_PORT = 65_535
_OPTION = re.compile(r"(pid|port)=([1-9][0-9]{0,9})")
_EXAMPLE = "http://127.0.0.1:8000/metrics"


@dataclass(frozen=True, slots=True)
class ServingTarget:
    """One page.

    Attributes:
        url: Where it is.
        port: TCP port on which the server listens that did the work.
        pid: One of the server's processes; None: whoever listens on the port.
        names_port: Whether a person named the port beside the URL.
    """

    url: str
    port: int
    pid: int | None = None
    names_port: bool = False

    @property
    def host(self) -> str:
        """Host of the URL, a name or an address; one of IPv6 without its brackets."""
        parts = _URL.fullmatch(self.url)
        return "" if parts is None else parts[2].strip("[]")

    def __str__(self) -> str:
        """As a person would write it."""
        port = f" port={self.port}" if self.names_port else ""
        return self.url + port + ("" if self.pid is None else f" pid={self.pid}")


def serving_targets(text: str) -> tuple[ServingTarget, ...]:
    """Pages, separated by commas; each a URL, and after a space ``port=`` or ``pid=``.

    A URL without a path is that of ``/metrics``, as for Prometheus.

    Raises:
        ValueError: The text is not so; what it says fits behind the name of the setting. It does
            not repeat the text, which may hold a secret.
    """
    return tuple(_target(part.split()) for part in text.split(",") if part.strip())


def _target(words: list[str]) -> ServingTarget:
    url = _URL.fullmatch(words[0])
    if url is None:
        raise ValueError(f"must be a URL such as {_EXAMPLE}, without a name, password or query")
    options = {}
    for word in words[1:]:
        option = _OPTION.fullmatch(word)
        if option is None:
            raise ValueError(f"takes port= and pid= after a URL, as in {_EXAMPLE} port=8001")
        options[option[1]] = int(option[2])
    port = options.get("port", int(url[3] or _PORTS[url[1]]))
    if not 0 < port <= _MOST_PORT or int(url[3] or 1) > _MOST_PORT:
        raise ValueError(f"must name a port from 1 to {_MOST_PORT}")
    whole = words[0] if (url[4] or "").strip("/") else words[0].rstrip("/") + "/metrics"
    return ServingTarget(whole, port, options.get("pid"), "port" in options)
