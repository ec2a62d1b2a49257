"""The proxy on the way to the server: the one URL that may hold a name and a password."""

from urllib.parse import urlsplit

_SUCH = "http://proxy.example.org:3128"


def proxy(text: str) -> str:
    """An http URL of a host and a port, with or without a name and password.

    Raises:
        ValueError: It is none; the message never repeats any of it.
    """
    parts = urlsplit(text.strip())
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"must be a URL such as {_SUCH}; only http proxies are spoken to")
    try:
        port = parts.port
    except ValueError:  # its text would repeat what may be half of a password
        port = None
    if not port:
        raise ValueError(f"must name a port, such as {_SUCH}; write a / in a password as %2F")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must end after the port")
    return text.strip().rstrip("/")


def without_secret(url: str) -> str:
    """The same address for people: name and password are left out, and that they are is told."""
    credentials, given, place = urlsplit(url).netloc.rpartition("@")
    return f"http://{'***@' if given and credentials else ''}{place}"
