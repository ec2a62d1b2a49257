"""What hands batches to a server; apart from how, since loading HTTP takes 10 ms."""

from typing import Protocol

from joulebook.wire import Answer


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
            TooLarge: Split it.
            Refused: The server will never take it.
        """
        ...
