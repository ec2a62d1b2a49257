"""The handle of one running span."""

import os
import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulebook.clock import SystemClock
from joulebook.metering.guard import harmless
from joulebook.metering.span import Labels, Span, new_uid
from joulebook.settings.ranks import plain
from joulebook.tracking.given import kind_of, numbers_of, text_of, variant_of

if TYPE_CHECKING:
    from joulebook.settings import Labels as Given
    from joulebook.tracking.root import Tracker
    from joulebook.tracking.summary import Summary

_HANDED_ON = ("model", "variant", "project")  # to nested spans


class Run:
    """What `with joulebook.track(...) as run` gives.

    Attributes:
        parent: The enclosing run, or None.
        summary: Figures of the ended run; None while it runs or if it was not measured.
        numbers: Numbers for the runs of each name that it encloses.
    """

    def __init__(self, fields: Mapping[str, Any], parent: "Run | None") -> None:
        self.parent = parent
        self.summary: Summary | None = None
        self.numbers: dict[str, Iterator[int]] = {}
        self._fields = dict(fields)
        self._tracker: Tracker | None = None
        self._span = Span(uid=new_uid(SystemClock().wall_us()), labels=Labels())

    @property
    def uid(self) -> str:
        """Global id of the job, such as ``run:0190...``."""
        return self._span.uid

    @property
    def energy_uj(self) -> int | None:
        """Energy of the ended run and its children, µJ; None if it was not measured."""
        return self.summary.energy_uj if self.summary else None

    def log(
        self,
        *,
        work: Mapping[str, float] | None = None,
        quality: Mapping[str, float] | None = None,
    ) -> None:
        """Note units of work and scores.

        Args:
            work: Units done since the last call (``samples``, ``tokens``, ``steps``,
                ``requests``); they add up.
            quality: Scores such as ``accuracy`` or ``loss``; the last value counts.
        """
        with harmless("logging work and quality"):
            # New dictionaries, since another thread may be writing the old ones down.
            before, more = self._span.work, numbers_of("work", work, least=0)
            self._span.work = before | {
                unit: before.get(unit, 0) + amount for unit, amount in more.items()
            }
            self._span.quality = self._span.quality | numbers_of("quality", quality)

    def begin(self) -> None:
        """Start measuring."""
        with harmless("starting to measure"):
            # Loaded here, so that a fault in loading is harmless too.
            from joulebook.tracking.root import tracker  # noqa: PLC0415

            found = tracker()
            self._span = self._named(found.settings.labels, found.labels, found)
            found.meter.begin(self._span)
            self._tracker = found

    def end(self) -> None:
        """Stop measuring and sum up."""
        found = self._tracker
        if found is None or not found.meter.owned():
            return
        with harmless("ending the measurement"):
            from joulebook.tracking.summary import summarise  # noqa: PLC0415

            figures = found.meter.end(self._span)
            self.summary = summarise(self._span, figures, found.carbon(), found.meter.kept())

    def orphan(self) -> None:
        """In a forked child: this run belongs to the parent process."""
        self._tracker = None

    def _named(self, given: "Given", around: "Given", found: "Tracker") -> Span:
        """A span by its arguments, else by the environment's labels, else by its pod's."""
        fields = {name: value for name, value in self._fields.items() if value is not None}
        outer = self.parent._span if self.parent else None  # noqa: SLF001 - same class
        parent_uid = outer.uid if outer else given.parent or found.launch.job
        name = text_of(fields.get("name") or _script_name())
        joined = given.job_id if outer is None else None
        ranked = None if joined else self._in_all_ranks(found, name, parent_uid)
        uid = joined or ranked or self._span.uid
        own = {key: fields.get(key) or getattr(given, key) for key in _HANDED_ON}
        # What the enclosing span was given goes before what holds for the whole pod.
        last = {key: _of(outer, key) or getattr(around, key) for key in _HANDED_ON}
        return Span(
            uid=uid,
            labels=Labels(
                name=name,
                kind=kind_of(fields.get("kind") or given.kind or around.kind),
                model=text_of(own["model"] or last["model"]),
                variant=variant_of(own["variant"]) or variant_of(last["variant"]),
                project=text_of(own["project"] or last["project"]),
                user=str(os.getuid()),
            ),
            parent=outer,
            shared=joined is not None,
            # Each rank counts its own work under a name of its own.
            reporter=found.launch.reporter(self._span.uid) if ranked else None,
            parent_uid=None if parent_uid == uid else parent_uid,
            work=self._span.work,
            quality=self._span.quality,
        )

    def _in_all_ranks(
        self, found: "Tracker", name: str | None, parent_uid: str | None
    ) -> str | None:
        """The uid that this run has in all ranks of its launch, which run the same code."""
        if found.launch.crew is None:
            return None
        within = plain(name or "span")
        numbers = self.parent.numbers if self.parent else found.numbers
        base = self.parent.uid if self.parent else None
        # Without a lock: a fork could find it held by a thread that the child does not have.
        for number in numbers.setdefault(within, count(1)):
            uid = found.launch.uid(base, within, number)
            if uid is None or uid != parent_uid:  # `joulebook run` may have taken the first
                return uid
        return None


def _of(outer: Span | None, label: str) -> Any:  # noqa: ANN401 - whatever the label's type
    """A nested span is about the same model unless it says otherwise."""
    return getattr(outer.labels, label) if outer else None


def _script_name() -> str | None:
    """Name of the running script; None for ``python -c`` and a program read from a pipe."""
    name = Path(sys.argv[0]).name if sys.argv else ""
    return None if name in ("", "-", "-c") else name
