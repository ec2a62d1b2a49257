"""Jobs that nobody handed over: found among the processes, and measured like all others."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from joulebook.agent.births import Births
from joulebook.agent.circles import Circles
from joulebook.agent.deeds import Deeds, Look
from joulebook.agent.reservations import Reservations
from joulebook.agent.room import Room, Root
from joulebook.core.families import Process
from joulebook.core.outermost import outermost
from joulebook.core.variant import Variant
from joulebook.discovery.kubernetes import names_alike
from joulebook.discovery.owner import PROCESS, JobLabels, Owner
from joulebook.discovery.owners import Owners
from joulebook.metering.session import Session
from joulebook.metering.span import Labels, Span

#: So many looks a process that only has labels is left alone: it may open a span of its own.
PATIENCE = 3


class Finder:
    """Opens a span for each outermost process of a job that it finds, and ends it with it.

    Args:
        session: The measuring.
        births: When processes began.
        owners: Whose a process is.
        reservations: GPUs that are reserved for jobs.
        deeds: What jobs do beside using energy, and under which name they are told of.
    """

    def __init__(
        self,
        session: Session,
        births: Births,
        owners: Owners,
        reservations: Reservations,
        deeds: Deeds,
    ) -> None:
        self._session = session
        self._births = births
        self._owners = owners
        self._reservations = reservations
        self._deeds = deeds
        self._spans: dict[Root, Span] = {}
        self._measured: Collection[str] = ()
        self._waited: dict[int, int] = {}
        self._found: Mapping[int, Owner] = {}
        self._room = Room()
        self._circles = Circles()

    def check(self, handed: Collection[Span]) -> None:
        """Look once: open what came, end what left.

        Args:
            handed: The open spans that processes handed over.
        """
        table = self._session.processes()
        self._found = self._circles.broken(self._owners.look(table), handed)
        wanted = self._wanted(table, {span.pid for span in handed})
        reserved = self._reservations.look({owner.uid for owner in wanted.values()})
        wanted |= {(root, None): owner for root, owner in reserved.items()}
        wanted = self._room.fit(wanted, self._spans, self._owners.proven)
        left = {root for root, span in self._spans.items() if _left(span, wanted.get(root))}
        opening = self._come(wanted, left)
        self._count(table, handed, [*self._spans.values(), *opening.values()])
        if opening or left:  # at one cut: it costs the same for one and for all
            self._session.change([*opening.values()], [self._spans.pop(root) for root in left])
            self._spans |= opening
        self._measured = {span.uid for span in self._spans.values()}
        for span in handed:  # one may have begun before its process was looked at
            if span.parent is None:
                span.parent_uid = self.parent_of(span.pid, span.uid, span.parent_uid)
        self._reserve(wanted)

    def _count(
        self, table: Mapping[int, Process], handed: Collection[Span], spans: Sequence[Span]
    ) -> None:
        owners = {pid: owner.uid for pid, owner in self._found.items()}
        self._deeds.look(Look(table, owners, {span.uid for span in spans}, handed), spans)

    def parent_of(self, pid: int, uid: str, told: str | None) -> str | None:
        """Uid of the job that a process's own span is part of; None where it is of none.

        Args:
            pid: The process.
            uid: The span's job.
            told: What the process itself says: it stands, but for a controller of pods, of which
                the cluster knows more than a pod's files do.
        """
        found = self._above(pid, uid)
        if told is None or (found is not None and names_alike(found, told)):
            return found
        return told

    def _above(self, pid: int, uid: str) -> str | None:
        owner = self._found.get(pid)
        if owner is None:
            return None
        if owner.manager == PROCESS and owner.uid not in self._measured:
            return None  # it is no job: its process has a span of its own
        return owner.uid if owner.uid != uid else owner.parent

    def _wanted(self, table: Mapping[int, Process], tracked: Collection[int]) -> dict[Root, Owner]:
        roots = outermost(table, {pid: owner.uid for pid, owner in self._found.items()})
        self._waited = {pid: self._waited.get(pid, 0) + 1 for pid in roots}
        return {
            (pid, table[pid].started): self._found[pid]
            for pid in roots
            if self._is_ripe(pid, table[pid].started, tracks_itself=pid in tracked)
        }

    def _is_ripe(self, pid: int, started: int, *, tracks_itself: bool) -> bool:
        """What only has labels in its environment is a job if it does not become one by itself."""
        if self._found[pid].manager != PROCESS:
            return True
        known = (pid, started) in self._spans or self._waited[pid] >= PATIENCE
        return known and not tracks_itself

    def _come(self, wanted: Mapping[Root, Owner], left: Collection[Root]) -> dict[Root, Span]:
        """Spans for what is new; those that are open know what is known by now."""
        opening: dict[Root, Span] = {}
        for root, owner in wanted.items():
            labels = _labels(owner.labels.or_else(self._deeds.labels(owner.uid)))
            if root in self._spans and root not in left:
                self._spans[root].labels, self._spans[root].parent_uid = labels, owner.parent
            else:
                opening[root] = self._span(root, owner, labels)
        return opening

    def _span(self, root: Root, owner: Owner, labels: Labels) -> Span:
        pid, started = root
        span = Span(owner.uid, labels, parent_uid=owner.parent, pid=pid, found=True, shared=True)
        span.reporter = self._deeds.reporter
        born = self._births.of(started)
        if born is not None:  # it began before it was found, and so did what is not covered
            span.started_us, span.began_us = born
        return span

    def _reserve(self, wanted: Mapping[Root, Owner]) -> None:
        roots: dict[str, list[int]] = {}
        for (pid, _), owner in wanted.items():
            roots.setdefault(owner.uid, []).append(pid)
        self._session.reserve(self._reservations.by_gpu(roots, self._found.values()))


def _left(span: Span, owner: Owner | None) -> bool:
    """Whether a process ended, or moved to another job."""
    return owner is None or span.uid != owner.uid


def _labels(told: JobLabels) -> Labels:
    variant = None if told.variant is None else Variant(told.variant)
    plain = {name: getattr(told, name) for name in ("name", "model", "project", "user")}
    return replace(Labels(kind=told.kind or "other", variant=variant), **plain)
