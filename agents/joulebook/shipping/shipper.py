"""Sends what waits in the spool, in order."""

from dataclasses import dataclass

from joulebook.errors import Refused, TooLarge, Unreachable
from joulebook.shipping.sender import ProxyLimit, Sender
from joulebook.shipping.spool import Entry, Spool

# A proxy that takes less than this, a few kB compressed, takes nothing: pieces would only fill the
# spool, each with a record of its host, devices and jobs.
_WORTH_SPLITTING_BYTES = 16 << 10


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one round of sending did.

    Attributes:
        sent: Batches the server has committed, duplicates among them.
        refused: Batches put into quarantine.
        left: Batches that still wait.
        problem: Why sending stopped early; None where it did not.
        retry_after_s: Seconds the server asked us to wait; None where it did not say.
        window_us: Length of window the server asked for last, µs; None if nothing was sent.
    """

    sent: int
    refused: int
    left: int
    problem: str | None
    retry_after_s: float | None = None
    window_us: int | None = None


class _Round:
    """Counts what happens to the batches of one round."""

    def __init__(self, spool: Spool, sender: Sender) -> None:
        self.sent = 0
        self.refused = 0
        self.window_us: int | None = None
        self._spool = spool
        self._sender = sender

    def take(self, entry: Entry) -> None:
        """Send one batch and do what the answer asks for."""
        try:
            answer = self._sender.send(entry.content)
        except ProxyLimit as limit:
            self._split_for_proxy(entry, limit)
            return
        except TooLarge as refusal:
            if not self._spool.split(entry.seq, entry.epoch):
                self._refuse(entry, f"{refusal}; it cannot be split any further")
            return
        except Refused as refusal:
            self._refuse(entry, str(refusal))
            return
        if answer.seq != entry.seq:
            raise Unreachable(f"the server acknowledged batch {answer.seq}, not {entry.seq}")
        self._spool.acknowledge(entry.seq, entry.epoch)
        self.sent += 1
        self.window_us = answer.window_us

    def _refuse(self, entry: Entry, reason: str) -> None:
        self._spool.quarantine(entry.seq, reason, entry.epoch)
        self.refused += 1

    def _split_for_proxy(self, entry: Entry, limit: ProxyLimit) -> None:
        """The limit of a proxy says nothing of the batch: it is never put aside for it."""
        size = len(entry.content)
        if size <= _WORTH_SPLITTING_BYTES or not self._spool.split(entry.seq, entry.epoch):
            waits = f"batch {entry.seq}, {size} bytes before compression, waits for that"
            raise Unreachable(f"{limit}; {waits}", limit.retry_after_s)


def ship(spool: Spool, sender: Sender, *, limit: int = 1_000) -> Shipped:
    """Send pending batches, oldest first, until none is left or the server is out of reach.

    Nothing leaves the spool before the server has acknowledged it, so what was sent and not
    answered is sent again, byte for byte. Several processes may ship one spool at once; the
    server tells duplicates apart.

    Args:
        spool: Where the batches wait.
        sender: The way to the server.
        limit: At most so many batches are tried.

    Raises:
        SpoolError: The spool cannot be used.
    """
    done = _Round(spool, sender)
    problem: Unreachable | None = None
    for _ in range(limit):
        waiting = spool.pending(1)
        if not waiting:
            break
        try:
            done.take(waiting[0])
        except Unreachable as error:
            problem = error
            break
    return Shipped(
        sent=done.sent,
        refused=done.refused,
        left=spool.count(),
        problem=None if problem is None else str(problem),
        retry_after_s=None if problem is None else problem.retry_after_s,
        window_us=done.window_us,
    )
