"""One stretch of work that energy is booked to."""

import os
from dataclasses import dataclass, field

from joulebook.core.variant import Variant
from joulebook.metering.tally import Tally


@dataclass(frozen=True, slots=True)
class Labels:
    """What a span is called.

    Attributes:
        name: Name for people.
        kind: One of `joulebook.wire.records.JOB_KINDS`.
        model: Model, such as ``meta-llama/Llama-3-8B``.
        variant: Compression variant.
        project: Project it is charged to.
        user: Numeric user id of the process.
    """

    name: str | None = None
    kind: str = "other"
    model: str | None = None
    variant: Variant | None = None
    project: str | None = None
    user: str | None = None

    def title(self) -> str:
        """Name, or model and variant, or the kind: the shortest that tells."""
        variant = self.variant.label if self.variant else None
        return self.name or "/".join(filter(None, (self.model, variant))) or self.kind


@dataclass(eq=False)
class Span:
    """A running or ended span.

    Attributes:
        uid: Global id of its job.
        labels: What it is called.
        parent: Enclosing span of this process, if any.
        parent_uid: uid of the enclosing job, also from another process.
        pid: The process that opened it; what that one and its descendants use is the span's.
        started_us, ended_us: Wall clock, µs; `ended_us` is None while it runs.
        began_us: Monotonic time of the start, µs.
        found: Whether the agent found it by itself; spans that the process opens go before it.
        shared: Whether other spans and processes may have the same uid.
        reporter: Who counts its work, where several do or the counting may change hands; a
            newer record of the same reporter replaces an older one, whoever sent it.
        carried: Work of ended spans that the reporter counted elsewhere before.
        work: Units of work, added up over `log` calls.
        quality: Scores; the last value counts.
        tally: Energy of this span and its children.
    """

    uid: str
    labels: Labels
    parent: "Span | None" = None
    parent_uid: str | None = None
    pid: int = field(default_factory=os.getpid)
    started_us: int = 0
    began_us: int = 0
    ended_us: int | None = None
    found: bool = False
    shared: bool = False
    reporter: str | None = None
    carried: dict[str, float] = field(default_factory=dict)
    work: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)

    def lineage(self) -> "list[Span]":
        """This span and its enclosing ones, innermost first."""
        return [self, *(self.parent.lineage() if self.parent else [])]


def new_uid(wall_us: int) -> str:
    """``run:<uuidv7>``: unique everywhere, and in order of time (RFC 9562)."""
    unix_ms = wall_us // 1_000
    bits = (unix_ms << 80) | int.from_bytes(os.urandom(10))
    bits = bits & ~(0xF << 76) | (0x7 << 76)  # version 7
    bits = bits & ~(0x3 << 62) | (0x2 << 62)  # variant of the RFC
    text = f"{bits:032x}"
    return f"run:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
