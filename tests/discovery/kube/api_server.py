"""A stand-in for the API server: real HTTPS on loopback, answers in the published shape."""

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TLS = Path(__file__).parents[2] / "shipping" / "tls"  # made by make.sh there
PODS = "/api/v1/pods"
#: Answers a query with a status and an object, or bytes as they are.
Answer = Callable[[dict[str, str]], tuple[int, Any]]


class ApiServer:
    """Answers by path; what has no answer is 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.tokens = {"first"}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / "server.pem")
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.asked]

    def lists(self, *items: dict[str, Any]) -> None:
        """From now on, these are the pods of every node."""
        self.answers[PODS] = lambda _: (200, listed(*items))

    def gives(self, path: str, status: int, content: Any) -> None:  # noqa: ANN401 - JSON
        self.answers[path] = lambda _: (status, content)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                status, content = server._answered(self.path, dict(self.headers.items()))
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Not onto the terminal of the tests."""

        return Handler

    def _answered(self, target: str, headers: dict[str, str]) -> tuple[int, Any]:
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.asked.append((parts.path, query, headers))
        if headers.get("Authorization") not in {f"Bearer {token}" for token in self.tokens}:
            return 401, status("Unauthorized", 401)
        answer = self.answers.get(parts.path)
        return answer(query) if answer else (404, status(f"{parts.path} not found", 404))


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that does not like our certificate hangs up."""


def status(message: str, code: int) -> dict[str, Any]:
    """A refusal, as the API server words it."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "code": code,
    }


def listed(*items: dict[str, Any], more: str = "") -> dict[str, Any]:
    """A list of metadata, as ``as=PartialObjectMetadataList`` brings it."""
    meta = {"resourceVersion": "71001", **({"continue": more} if more else {})}
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "items": list(items) or None,
    }


def owner(kind: str, name: str, api: str, uid: str | None = None) -> dict[str, Any]:
    """A reference to a controller."""
    return {
        "apiVersion": api,
        "kind": kind,
        "name": name,
        "uid": uid or f"uid-of-{kind}-{name}",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def item(
    name: str,
    uid: str = "0c1d2e3f-1111-2222-3333-444444444444",
    *,
    owners: tuple[dict[str, Any], ...] = (),
    labels: dict[str, str] | None = None,
    annotations: dict[str, str] | None = None,
) -> dict[str, Any]:
    """One object in a namespace."""
    meta: dict[str, Any] = {
        "name": name,
        "namespace": "research",
        "uid": uid,
        "resourceVersion": "70999",
        "creationTimestamp": "2026-11-24T08:00:00Z",
        "managedFields": [{"manager": "kubelet", "operation": "Update"}],
    }
    more = {"labels": labels, "annotations": annotations, "ownerReferences": owners}
    meta |= {key: value for key, value in more.items() if value}
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
