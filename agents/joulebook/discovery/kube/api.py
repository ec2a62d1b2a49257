"""Questions to the API server, as the service account of a pod.

No proxy is used and no redirect followed. The HTTP client is loaded by the first question.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulebook.core.units import US_PER_S
from joulebook.discovery.kube.unanswered import Denied, Unanswered
from joulebook.version import VERSION

if TYPE_CHECKING:
    import http.client
    import ssl
    from collections.abc import Iterator

    from joulebook.clock import Clock

#: Where Kubernetes puts what a pod may know of its own service account.
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
#: The most that one answer may hold, bytes: a page of names and labels has far less.
MOST_BYTES = 16 << 20
_TIMEOUT_S = 10.0
_CHUNK_BYTES = 1 << 16
_OK = 200
_MAX_SHOWN = 200
#: Names and labels without what the pods run, which nobody here needs to know; a server that
#: cannot do that may answer with all of it.
_ACCEPT = (
    "application/json;as=PartialObjectMetadata{list};g=meta.k8s.io;v=v1, application/json;q=0.5"
)
_CURES = {
    401: "its token is not accepted; let Kubernetes mount the token of a service account",
    403: "let a ClusterRole allow the agent's service account to get and list pods",
}


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an API server.

    Attributes:
        host, port: ``KUBERNETES_SERVICE_HOST`` and ``KUBERNETES_SERVICE_PORT`` in a pod.
        token_file: Token of the service account. It is read for each question: Kubernetes puts
            a new one there before the old one ends.
        ca_file: PEM certificates of who may vouch for the server.
    """

    host: str
    port: int
    token_file: Path = ACCOUNT / "token"
    ca_file: Path = ACCOUNT / "ca.crt"


class Api:
    """One API server.

    Args:
        access: How to reach it.
        clock: Tells when an answer that trickles in has taken too long.
        timeout_s: The longest to wait for an answer, s.
    """

    def __init__(self, access: Access, clock: Clock, timeout_s: float = _TIMEOUT_S) -> None:
        self._access = access
        self._clock = clock
        self._timeout_s = timeout_s

    @contextlib.contextmanager
    def asked(self) -> Iterator[Ask]:
        """Questions in a row, over one connection.

        Raises:
            Unanswered: The certificates cannot be read.
        """
        import http.client  # noqa: PLC0415 - loaded only where a cluster is asked

        to = self._access
        connection = http.client.HTTPSConnection(
            to.host, to.port, timeout=self._timeout_s, context=_context(to.ca_file)
        )
        with contextlib.closing(connection):
            yield Ask(connection, to.token_file, self._clock, self._timeout_s)


class Ask:
    """Asks over one connection, which `Api.asked` makes."""

    def __init__(
        self,
        connection: http.client.HTTPSConnection,
        token_file: Path,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._connection = connection
        self._token_file = token_file
        self._clock = clock
        self._timeout_s = timeout_s
        self._where = f"the API server at {connection.host}:{connection.port}"

    def one(self, path: str) -> dict[str, Any]:
        """The object at a path, its metadata at least.

        Raises:
            Denied: The server does not give it.
            Unanswered: There was no answer.
        """
        return self._get(path, _ACCEPT.replace("{list}", ""))

    def many(self, path: str) -> dict[str, Any]:
        """The list at a path, likewise.

        Raises:
            Denied: The server does not give it.
            Unanswered: There was no answer.
        """
        return self._get(path, _ACCEPT.replace("{list}", "List"))

    def whole(self, path: str) -> dict[str, Any]:
        """What is at a path, with all that belongs to it.

        Raises:
            Denied: The server does not give it.
            Unanswered: There was no answer.
        """
        return self._get(path, "application/json")

    def _get(self, path: str, accept: str) -> dict[str, Any]:
        import http.client  # noqa: PLC0415 - as above

        headers = {
            "Accept": accept,
            "Authorization": f"Bearer {_token(self._token_file)}",
            "User-Agent": f"joulebook/{VERSION}",
        }
        try:
            status, body = self._exchange(path, headers)
        except TimeoutError as error:
            raise Unanswered(f"{self._where} did not answer in {self._timeout_s:g} s") from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise Unanswered(f"{self._where} did not answer: {_reason(error)}") from error
        if status != _OK:
            raise _denied(self._where, status, body)
        return _object(self._where, body)

    def _exchange(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        until_us = self._clock.monotonic_us() + round(self._timeout_s * US_PER_S)
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        body = bytearray()
        while chunk := response.read1(_CHUNK_BYTES):
            body += chunk
            if len(body) > MOST_BYTES:
                raise Unanswered(f"{self._where} answers more than {MOST_BYTES >> 20} MiB")
            if self._clock.monotonic_us() > until_us:
                raise TimeoutError
        if response.length:  # what was announced and did not come
            raise Unanswered(f"{self._where} was cut short: {response.length} bytes are missing")
        response.close()  # else this Python takes it for unread, and the connection for busy
        return response.status, bytes(body)


def _context(ca_file: Path) -> ssl.SSLContext:
    """Made for each connection: an authority may be replaced while the agent runs."""
    import ssl  # noqa: PLC0415 - as http.client

    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise Unanswered(
            f"{ca_file} holds no certificate that can be read ({error.strerror}): it must be the "
            "PEM certificate of the cluster's authority"
        ) from error


def _token(path: Path) -> str:
    try:
        token = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no token"
        raise Unanswered(f"cannot read the service account's token in {path}: {why}") from error
    if not token.isprintable() or not token:
        raise Unanswered(f"{path} holds no token")
    return token


def _denied(where: str, status: int, body: bytes) -> Denied:
    """With the server's own words: it answers with a Status object."""
    try:
        said = str(json.loads(body)["message"])[:_MAX_SHOWN]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = ""
    words = "; ".join(filter(None, (said, _CURES.get(status))))
    return Denied(f"{where} answers HTTP {status}{words and ': '}{words}", status)


def _object(where: str, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unanswered(f"{where} answers what is no JSON") from error
    if not isinstance(found, dict):
        raise Unanswered(f"{where} answers JSON that is no object")
    return found


def _reason(error: Exception) -> str:
    said = getattr(error, "verify_message", None)  # of a certificate
    return said or getattr(error, "strerror", None) or str(error) or type(error).__name__
