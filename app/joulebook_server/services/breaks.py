"""Where one window of a device does not begin where the one before it ended."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from joulebook.core.units import US_PER_S
from joulebook.wire import format_time
from joulebook_server.store.payload import Reading

#: Counters of 32 bits that count in steps of 15 µJ, as RAPL's finest do, wrap after 65 kJ: a
#: package of 1 kW needs a minute for it, and nobody can tell how often it did in a longer time.
CERTAIN_US = 60 * US_PER_S
_WRAPPING = ("cpu", "dram")


def breaks(kind: str, windows: Sequence[Reading]) -> Iterator[dict[str, Any]]:
    """Breaks between windows, with the energy that passed and the reason.

    Args:
        kind: Kind of the device, as a batch names it.
        windows: Its windows that count, by time.
    """
    for before, after in pairwise(windows):
        if not _meet(before, after):
            passed = _passed(kind, before, after)
            yield {
                "from": format_time(before.end_us),
                "to": format_time(after.start_us),
                "energy_uj": None if passed is None else str(passed),
                "reason": _reason(kind, before, after),
            }


def _meet(before: Reading, after: Reading) -> bool:
    same_counter = (before.counter_end_uj, before.boot_id) == (
        after.counter_start_uj,
        after.boot_id,
    )
    uncounted = None in (before.counter_end_uj, after.counter_start_uj)  # power tells the energy
    return before.end_us == after.start_us and (same_counter or uncounted)


def _passed(kind: str, before: Reading, after: Reading) -> int | None:
    """Energy that passed unwatched; None where the counters cannot tell."""
    moved = _moved(before, after)
    if moved is None or moved < 0 or _may_have_wrapped(kind, before, after):
        return None
    return moved


def _moved(before: Reading, after: Reading) -> int | None:
    end, start = before.counter_end_uj, after.counter_start_uj
    if before.boot_id != after.boot_id or end is None or start is None:
        return None
    return start - end


def _may_have_wrapped(kind: str, before: Reading, after: Reading) -> bool:
    return kind in _WRAPPING and after.start_us - before.end_us > CERTAIN_US


def _reason(kind: str, before: Reading, after: Reading) -> str:
    if before.boot_id != after.boot_id:
        return "the host was restarted in between"
    if after.start_us < before.end_us or _sent_before(after, before):
        return "the wall clock was stepped back"
    if after.start_us == before.end_us:
        return "the counter does not go on where it stood"
    return _unwatched(_moved(before, after), may_wrap=_may_have_wrapped(kind, before, after))


def _unwatched(moved_uj: int | None, *, may_wrap: bool) -> str:
    if moved_uj is None:
        return "nobody watched, and no counter tells what passed"
    if moved_uj < 0:
        return "nobody watched; the counter was reset or wrapped, and cannot tell what passed"
    if may_wrap:
        return "nobody watched; the counter may have wrapped, and cannot tell what passed"
    if moved_uj == 0:
        return "the counter stood still: the wall clock was set forward, or the device was off"
    return "nobody watched; the counter tells what passed"


def _sent_before(one: Reading, other: Reading) -> bool:
    """Whether one reporter sent this one first, although its wall clock said that it is later."""
    same = (one.agent_id, one.epoch) == (other.agent_id, other.epoch)
    return same and (one.seq, one.position) < (other.seq, other.position)
