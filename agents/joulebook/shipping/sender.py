"""What hands batches to a server; apart from how, since loading HTTP takes 10 ms."""

from typing import Protocol

from joulebook.errors import TooLarge
from joulebook.wire import Answer


class ProxyLimit(TooLarge):
    """A proxy before the server takes no request of this size; the server was not asked.

    Attributes:
        retry_after_s: Seconds the proxy asked us to wait, or None.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Sender(Protocol):
    """Hands one batch to a server. Errors say what to do next."""

    @property
    def url(self) -> str:
        """Where it sends to, for people."""
        ...

    def send(self, content: bytes) -> Answer:
        """Send the bytes of one batch.

        Returns:
            The server's answer: it has committed the batch.

        Raises:
            Unreachable: Keep the batch and try later.
            ProxyLimit: Split it where that can help, else keep it and try later.
            TooLarge: Split it.
            Refused: The server will never take it.
        """
        ...
