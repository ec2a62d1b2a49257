"""Which of the spans that were handed over are around a process."""

from collections.abc import Collection, Mapping

from joulebook.core.families import Process
from joulebook.metering.span import Span


class Enclosing:
    """The open spans of one look, by the processes that they hold.

    Args:
        table: All processes by id.
        spans: The open spans that processes handed over.
        kin: The nearest process with such spans, and its start, of every process that has one
            above it, itself included; as `families` tells.
    """

    def __init__(
        self,
        table: Mapping[int, Process],
        spans: Collection[Span],
        kin: Mapping[int, tuple[int, int]],
    ) -> None:
        self._table = table
        self._kin = kin
        self._by_pid: dict[int, list[Span]] = {}
        for span in spans:
            self._by_pid.setdefault(span.pid, []).append(span)

    def around(self, pids: Collection[int]) -> list[Span]:
        """The spans around all of these processes, the innermost first.

        Of several that are open side by side in one process nobody can tell which one it is: only
        what encloses them all is around it.
        """
        first, *others = [self._chain(pid) for pid in pids] or [[]]
        return [span for span in first if all(span in other for other in others)]

    def _chain(self, pid: int) -> list[Span]:
        found: dict[int, list[Span]] = {}
        holder = self._holder(pid)
        while holder is not None and holder not in found:  # a look is not atomic: no endless circle
            found[holder] = self._shared(holder)
            above = self._table.get(holder)
            holder = None if above is None else self._holder(above.parent)
        return [span for spans in found.values() for span in spans]

    def _holder(self, pid: int) -> int | None:
        kin = self._kin.get(pid)
        return None if kin is None else kin[0]

    def _shared(self, pid: int) -> list[Span]:
        """The spans of a process that enclose all of its innermost ones."""
        its = self._by_pid.get(pid, [])
        enclosing = {id(span.parent) for span in its}
        lines = [span.lineage() for span in its if id(span) not in enclosing]
        first, *others = lines or [[]]
        return [span for span in first if span in its and all(span in other for other in others)]
