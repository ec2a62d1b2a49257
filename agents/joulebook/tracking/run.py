"""The handle of one running span."""

import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulebook.clock import SystemClock
from joulebook.core.variant import as_variant
from joulebook.tracking.guard import harmless, log
from joulebook.tracking.span import Labels, Span, new_uid
from joulebook.wire.records import JOB_KINDS
from joulebook.wire.rules import MAX_TEXT

if TYPE_CHECKING:
    from joulebook.settings import Labels as Given
    from joulebook.tracking.root import Tracker
    from joulebook.tracking.summary import Summary


class Run:
    """What `with joulebook.track(...) as run` gives.

    Attributes:
        parent: The enclosing run, or None.
        summary: Figures of the ended run; None while it runs or if it was not measured.
    """

    def __init__(self, fields: Mapping[str, Any], parent: "Run | None") -> None:
        self.parent = parent
        self.summary: Summary | None = None
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
            for unit, amount in _numbers(work).items():
                if amount < 0:
                    log.warning("joulebook: %s=%s left out: work is not negative", unit, amount)
                    continue
                self._span.work[unit] = self._span.work.get(unit, 0) + amount
            self._span.quality.update(_numbers(quality))

    def begin(self) -> None:
        """Start measuring."""
        with harmless("starting to measure"):
            # Loaded here, so that a fault in loading is harmless too.
            from joulebook.tracking.root import tracker  # noqa: PLC0415

            found = tracker()
            self._span = self._named(found.settings.labels)
            found.session.begin(self._span)
            self._tracker = found

    def end(self) -> None:
        """Stop measuring and sum up."""
        found = self._tracker
        if found is None or not found.session.owned():
            return
        with harmless("ending the measurement"):
            from joulebook.tracking.summary import summarise  # noqa: PLC0415

            found.session.end(self._span)
            self.summary = summarise(
                self._span, found.carbon, found.kept(), simulated=found.simulated
            )

    def orphan(self) -> None:
        """In a forked child: this run belongs to the parent process."""
        self._tracker = None

    def _named(self, given: "Given") -> Span:
        """A span by its arguments, else by the environment's labels."""
        fields = {name: value for name, value in self._fields.items() if value is not None}
        outer = self.parent._span if self.parent else None  # noqa: SLF001 - same class
        parent_uid = outer.uid if outer else given.parent
        uid = given.job_id if outer is None and given.job_id else self._span.uid
        return Span(
            uid=uid,
            labels=Labels(
                name=_text(fields.get("name") or _script_name()),
                kind=_kind(fields.get("kind") or given.kind),
                model=_text(fields.get("model") or given.model or _of(outer, "model")),
                variant=as_variant(fields.get("variant") or given.variant) or _of(outer, "variant"),
                project=_text(fields.get("project") or given.project or _of(outer, "project")),
                user=str(os.getuid()),
            ),
            parent=outer,
            shared=uid == given.job_id,
            parent_uid=None if parent_uid == uid else parent_uid,
            work=self._span.work,
            quality=self._span.quality,
        )


def _of(outer: Span | None, label: str) -> Any:  # noqa: ANN401 - whatever the label's type
    """A nested span is about the same model unless it says otherwise."""
    return getattr(outer.labels, label) if outer else None


def _kind(given: str | None) -> str:
    if given is not None and given not in JOB_KINDS:
        known = ", ".join(JOB_KINDS)
        log.warning("joulebook: unknown kind %r, booked as 'other'; known are %s", given, known)
        return "other"
    return given or "other"


def _text(value: object) -> str | None:
    """A name the wire takes: names of files may hold bytes that are no text."""
    if value is None:
        return None
    return str(value).encode(errors="replace").decode().replace("\x00", "")[:MAX_TEXT] or None


def _script_name() -> str | None:
    return Path(sys.argv[0]).name or None if sys.argv else None


def _numbers(values: Mapping[str, float] | None) -> dict[str, float]:
    """Finite numbers as plain Python ones; the rest is left out with a warning."""
    kept: dict[str, float] = {}
    for key, value in (values or {}).items():
        number = value if isinstance(value, int) else float(value)
        if math.isfinite(number):
            kept[str(key)] = number
        else:
            log.warning("joulebook: %s=%s left out: not a finite number", key, value)
    return kept
