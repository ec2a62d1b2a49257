"""What waits in the spool, and whether the server takes it."""

from collections.abc import Callable
from dataclasses import dataclass

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import SpoolError
from joulebook.metering.outbox import Outbox
from joulebook.shipping.spool import Spool

#: A large spool is looked through no more often than this, µs, however many ask.
AGAIN_US = 5 * US_PER_S


@dataclass(frozen=True, slots=True)
class Waiting:
    """The spool at one instant.

    Attributes:
        batches: How many wait to be sent; None where the spool cannot be read. Likewise below.
        used_bytes: What they and the refused ones fill.
        oldest_us: How long ago the oldest that waits was kept, µs; None, too, where none waits.
        quarantined: How many batches the server refused.
        server_up: Whether the server took what was sent last; None where there is no server, or
            nothing was sent yet.
        problem: Why the spool cannot be read or written; None where it can.
    """

    batches: int | None = None
    used_bytes: int | None = None
    oldest_us: int | None = None
    quarantined: int | None = None
    server_up: bool | None = None
    problem: str | None = None


def look(spool: Spool, outbox: Outbox, clock: Clock) -> Waiting:
    """Look through the spool.

    Args:
        spool: The file over a connection of its own: a look must not hold up who writes.
        outbox: Who writes and sends.
        clock: Source of time.
    """
    try:
        held, quarantined = spool.held(), len(spool.quarantined())
    except SpoolError as error:
        return Waiting(server_up=server_up(outbox), problem=outbox.problem or str(error))
    oldest_us = None if held.oldest_us is None else max(clock.wall_us() - held.oldest_us, 0)
    return Waiting(
        batches=held.waiting,
        used_bytes=held.used_bytes,
        oldest_us=oldest_us,
        quarantined=quarantined,
        server_up=server_up(outbox),
        problem=outbox.problem,
    )


def server_up(outbox: Outbox) -> bool | None:
    """Whether the last round of sending came to its end."""
    if outbox.sender is None or outbox.last is None:
        return None
    return outbox.last.problem is None


def seldom(look: Callable[[], Waiting], clock: Clock) -> Callable[[], Waiting]:
    """The same look, made anew only after `AGAIN_US`."""
    last: tuple[int, Waiting] | None = None

    def again() -> Waiting:
        nonlocal last
        now_us = clock.monotonic_us()
        if last is None or now_us - last[0] >= AGAIN_US:
            last = now_us, look()
        return last[1]

    return again
