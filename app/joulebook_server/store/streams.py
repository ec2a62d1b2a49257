"""What arrived of each sender's numbers: what makes a repeated batch harmless, for good.

A sender numbers its batches within an epoch. Numbers that arrived are kept as ranges, so a stream
of a year is one row, and is known long after its readings were dropped.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select, tuple_

from joulebook_server.store.dialect import upsert
from joulebook_server.store.engine import portions
from joulebook_server.store.tables import StreamRow, table_of

STREAMS = table_of(StreamRow)

#: Numbers of missing batches that an answer lists at most, and how far back they are looked for.
MISSING_LIMIT = 100
_LOOK_BACK = 10_000

Key = tuple[str, str, str]  # host, agent, epoch


class Taken:
    """A set of numbers, as ranges ``[first, last]`` in order, none touching the next.

    Args:
        ranges: Its ranges.
    """

    def __init__(self, ranges: Iterable[Sequence[int]] = ()) -> None:
        self._ranges = [[first, last] for first, last in ranges]

    @property
    def ranges(self) -> list[list[int]]:
        """Its ranges, to be kept."""
        return [list(one) for one in self._ranges]

    def __contains__(self, number: int) -> bool:
        at = self._at(number)
        return at >= 0 and number <= self._ranges[at][1]

    def add(self, number: int) -> None:
        """One more number arrived."""
        if number in self:
            return
        at = self._at(number)
        before = self._ranges[at] if at >= 0 else None
        after = self._ranges[at + 1] if at + 1 < len(self._ranges) else None
        joins_before = before is not None and before[1] == number - 1
        joins_after = after is not None and after[0] == number + 1
        if before is not None and after is not None and joins_before and joins_after:
            before[1] = after[1]
            del self._ranges[at + 1]
        elif before is not None and joins_before:
            before[1] = number
        elif after is not None and joins_after:
            after[0] = number
        else:
            self._ranges.insert(at + 1, [number, number])

    def join(self, other: "Taken") -> None:
        """All numbers of another one arrived, too."""
        merged: list[list[int]] = []
        for first, last in sorted(self._ranges + other.ranges):
            if merged and first <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], last)
            else:
                merged.append([first, last])
        self._ranges = merged

    def missing_before(self, number: int) -> list[int]:
        """Lower numbers that have not arrived, the newest at most, in order."""
        found: list[int] = []
        upper, floor = number - 1, max(0, number - _LOOK_BACK)
        for first, last in reversed(self._ranges[: self._at(number - 1) + 1]):
            found += range(upper, max(last, floor - 1, upper - MISSING_LIMIT), -1)
            upper = min(upper, first - 1)
            if len(found) >= MISSING_LIMIT or upper < floor:
                break
        else:
            found += range(upper, max(floor - 1, upper - MISSING_LIMIT), -1)
        return sorted(found[:MISSING_LIMIT])

    def _at(self, number: int) -> int:
        """Index of the last range that begins at the number or before it; -1 where none does."""
        return bisect_right(self._ranges, number, key=lambda one: one[0]) - 1


def taken(connection: Connection, keys: Iterable[Key]) -> dict[Key, Taken]:
    """What arrived of some streams; of one that is not known, nothing."""
    wanted = list(keys)
    found = {key: Taken() for key in wanted}
    columns = tuple_(STREAMS.c.host_id, STREAMS.c.agent_id, STREAMS.c.epoch)
    for some in portions(wanted):
        for row in connection.execute(select(STREAMS).where(columns.in_(some))):
            found[row.host_id, row.agent_id, row.epoch] = Taken(row.taken)
    return found


def keep(connection: Connection, rows: Iterable[tuple[Key, Taken, tuple[str, str, int]]]) -> None:
    """Write streams down.

    Args:
        connection: A transaction that writes.
        rows: Key, what arrived, and of the newest batch: role, version, and when it came, µs.
    """
    names = ("host_id", "agent_id", "epoch", "taken", "role", "version", "received_us")
    told = [
        dict(zip(names, (*key, arrived.ranges, *newest), strict=True))
        for key, arrived, newest in rows
    ]
    upsert(connection, STREAMS, told)
