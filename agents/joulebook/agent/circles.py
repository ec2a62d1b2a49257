"""A job is no part of what runs inside it.

`joulebook run` tells what it starts which job is above it. Where the run is itself inside a job
that was found, its processes are the found job's too, and say that this one is part of the run.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from joulebook.discovery.owner import Owner
from joulebook.metering.span import Span

_REMEMBERED = 4_096


class Circles:
    """Remembers which spans ran inside which found jobs; what they started may outlive them."""

    def __init__(self) -> None:
        self._around: dict[str, str] = {}

    def broken(self, found: Mapping[int, Owner], handed: Collection[Span]) -> dict[int, Owner]:
        """The owners, without a job above that is inside of them.

        Args:
            found: The owner of each process that has one.
            handed: The open spans that processes handed over.
        """
        for span in handed:
            owner = found.get(span.pid)
            if owner is not None and owner.uid != span.uid:
                self._remember(span.uid, owner.uid)
        by_uid = {owner.uid: owner for owner in found.values()}
        # A span below is the false one; among jobs that name each other, always the same one.
        above = {uid: owner.parent for uid, owner in by_uid.items() if owner.parent is not None}
        for uid in sorted(above, key=lambda uid: (above[uid] in by_uid, uid)):
            if self._is_inside_itself(uid, by_uid):
                by_uid[uid] = replace(by_uid[uid], parent=None)
        return {pid: by_uid[owner.uid] for pid, owner in found.items()}

    def _is_inside_itself(self, uid: str, by_uid: Mapping[str, Owner]) -> bool:
        seen: set[str] = set()
        above = by_uid[uid].parent
        while above is not None and above != uid and above not in seen:
            seen.add(above)
            owner = by_uid.get(above)
            above = self._around.get(above) if owner is None else owner.parent
        return above == uid

    def _remember(self, span: str, job: str) -> None:
        if span not in self._around and len(self._around) >= _REMEMBERED:
            del self._around[next(iter(self._around))]
        self._around[span] = job
