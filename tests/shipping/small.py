"""Spools with a bound so small that a test reaches it."""

from collections.abc import Callable

from joulebook.shipping.spool import Bounds, Spool

DAY_US = 86_400_000_000
SMALL = 96 << 10  # bytes; some sixty batches of a turn

Open = Callable[[Bounds], Spool]


def bounded(max_bytes: int = SMALL) -> Bounds:
    """Bounds of size; the one of age is out of reach."""
    return Bounds(max_bytes, 3650 * DAY_US)
