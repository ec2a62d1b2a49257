"""Asks the kubelet of this node which pods have which GPUs."""

from pathlib import Path
from typing import Any

from joulebook.discovery.kube.resources import METHOD, Allotted, allotted
from joulebook.discovery.kube.unanswered import Unanswered
from joulebook.errors import AgentError

#: Where the kubelet listens, unless its root folder was moved.
SOCKET = Path("/var/lib/kubelet/pod-resources/kubelet.sock")
_TIMEOUT_S = 10.0
_OPTIONS = (
    # The kubelet sends up to 16 MiB; gRPC takes 4.
    ("grpc.max_receive_message_length", 16 << 20),
    # Else the path of the socket would stand for the host, percent-encoded, which strict servers
    # take for no host at all.
    ("grpc.default_authority", "localhost"),
    ("grpc.enable_http_proxy", 0),
    # Else all channels share one connection, which waits longer and longer to come back.
    ("grpc.use_local_subchannel_pool", 1),
)
_CURES = {
    "UNAVAILABLE": "let the agent reach that socket: root alone may, and only while a kubelet runs",
    "UNIMPLEMENTED": "the kubelet must be of 1.20 or newer",
    "DEADLINE_EXCEEDED": "look into the kubelet's log",
}


class Kubelet:
    """The kubelet's socket for the resources of pods.

    Args:
        socket: Its path.
        timeout_s: The longest to wait for an answer, s.

    Raises:
        AgentError: gRPC is not installed.
    """

    def __init__(self, socket: Path = SOCKET, timeout_s: float = _TIMEOUT_S) -> None:
        self._socket = socket
        self._timeout_s = timeout_s
        self._grpc = _library()

    def allotted(self) -> tuple[Allotted, ...]:
        """Pods of this node with a GPU.

        Raises:
            Unanswered: The kubelet cannot be asked, or its answer not be read.
        """
        try:
            with self._grpc.insecure_channel(f"unix:{self._socket}", _OPTIONS) as channel:
                response = channel.unary_unary(METHOD)(b"", timeout=self._timeout_s)
        except self._grpc.RpcError as error:
            raise Unanswered(self._words(error)) from error
        try:
            return allotted(response)
        except ValueError as error:
            raise Unanswered(f"the kubelet's answer cannot be read: {error}") from error

    def _words(self, error: Any) -> str:  # noqa: ANN401 - gRPC has no types
        code = error.code().name
        cure = _CURES.get(code, "look into the kubelet's log")
        return f"the kubelet at {self._socket} did not answer ({code}): {cure}"


def _library() -> Any:  # noqa: ANN401 - as above
    try:
        import grpc  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise AgentError(
            "the kubelet is to be asked for the GPUs of pods, and grpcio is not installed: "
            "pip install 'joulebook[kubernetes]'"
        ) from error
    return grpc
