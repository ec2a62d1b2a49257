"""A kubelet that answers over a real gRPC socket, on a thread of its own."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from joulebook.discovery.kube.resources import METHOD


class KubeletStandIn:
    """Answers ``List`` with bytes, or refuses with a status."""

    def __init__(self, socket: Path, answer: bytes = b"") -> None:
        self.answer = answer
        self.refusal: str | None = None
        self.asked = 0
        self._grpc: Any = pytest.importorskip("grpc", reason="grpcio is not installed")
        self._pool = ThreadPoolExecutor(1)
        self._server = self._grpc.server(
            self._pool, options=[("grpc.max_send_message_length", 16 << 20)]
        )
        service, _, method = METHOD.removeprefix("/").partition("/")
        handler = self._grpc.unary_unary_rpc_method_handler(self._list)
        self._server.add_generic_rpc_handlers(
            (self._grpc.method_handlers_generic_handler(service, {method: handler}),)
        )
        self._server.add_insecure_port(f"unix:{socket}")
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()
        self._pool.shutdown()

    def _list(self, request: bytes, context: Any) -> bytes:  # noqa: ANN401 - gRPC has no types
        self.asked += 1
        assert request == b""
        if self.refusal is not None:
            context.abort(getattr(self._grpc.StatusCode, self.refusal), "said the stand-in")
        return self.answer
