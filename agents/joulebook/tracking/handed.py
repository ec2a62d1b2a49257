"""The spans that an agent measures for this process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from joulebook.metering.figures import Figures
from joulebook.metering.guard import harmless
from joulebook.metering.span import Span
from joulebook.metering.tally import Tally
from joulebook.tracking.link import Link
from joulebook.wire import VariantRecord
from joulebook.wire.resumed import Came, Resumed, read_came
from joulebook.wire.spans import Begin, Progress, begin_message, progress_message

#: Spans with no news that are asked about in one beat; the others come in the next ones.
MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class Ended:
    """What the agent said of a span that ended.

    Attributes:
        figures: What it came to there.
        came: The same, exact; None from an agent that does not tell.
        kept: Where it went, in words.
    """

    figures: Figures
    came: Came | None
    kept: str


class Handed:
    """Hands spans over, and remembers what the agent says they come to.

    Args:
        link: The connection.

    Attributes:
        link: The connection.
        revision: The highest revision that a record of ours got there, as far as we know.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.revision = 0
        self._told: dict[int, Progress] = {}
        self._came: dict[int, Came] = {}

    def begin(self, span: Span, outer: Span | None, resumed: Resumed | None = None) -> None:
        """Open a span there.

        Args:
            span: The span.
            outer: Its enclosing span, where that is open.
            resumed: Where it stands, if it was measured elsewhere until now.

        Raises:
            NoAgent: The agent left, does not answer, or refuses.
        """
        self.link.ask(begin_message(_begin(span, outer, resumed)))
        self._told[id(span)] = Progress(_key(span))

    def end(self, span: Span) -> Ended:
        """Close a span there; its last window is durable by now.

        Raises:
            NoAgent: The agent left, does not answer, or refuses.
        """
        answer = self.link.ask(progress_message("end", _progress(span)))
        self._told.pop(id(span), None)
        self._came.pop(id(span), None)
        figures = Figures(**{**answer["figures"], "devices": tuple(answer["figures"]["devices"])})
        return Ended(figures, _came(answer.get("came")), str(answer["kept"]))

    def tell(self, spans: Sequence[Span]) -> None:
        """What was logged since the last time, and the answers: what the spans come to.

        Raises:
            NoAgent: The agent left, does not answer, or refuses.
        """
        known = list(self._told)  # asked longest ago first
        news = [span for span in spans if _progress(span) != self._told.get(id(span))]
        quiet = sorted(
            (span for span in spans if span not in news), key=lambda span: known.index(id(span))
        )
        for span in [*news, *quiet[:MOST_ASKED]]:
            self._log(span)

    def came_to(self, span: Span) -> Came | None:
        """What a span came to there: by the agent's last words, else by its last answer."""
        farewell = self.link.farewell.get(_key(span))
        return _came(farewell) or self._came.get(id(span))

    def _log(self, span: Span) -> None:
        progress = _progress(span)
        answer = self.link.ask(progress_message("log", progress))
        self._told.pop(id(span), None)
        self._told[id(span)] = progress
        self.revision = max(self.revision, int(answer.get("rev", 0)))
        came = _came(answer.get("came"))
        if came is not None:
            self._came[id(span)] = came


def add(tally: Tally, came: Came) -> None:
    """Add what a span came to elsewhere to what it came to here."""
    for kind, method, energy_uj, err_sys_uj in came.energy:
        key = (kind, method)
        tally.energy_uj[key] = tally.energy_uj.get(key, 0) + energy_uj
        tally.err_sys_uj[key] = tally.err_sys_uj.get(key, 0) + err_sys_uj
    for uid, observed_us in came.observed_us.items():
        tally.observed_us[uid] = tally.observed_us.get(uid, 0) + observed_us
    tally.err_rand_sq += int(came.err_rand_sq)
    tally.told = tally.told or came.told
    for kind, untold_uj in came.untold_uj.items():
        tally.untold_uj[kind] = tally.untold_uj.get(kind, 0) + untold_uj


def _came(tree: Any) -> Came | None:  # noqa: ANN401 - whatever the agent sent
    if tree is not None:
        with harmless("reading what a span came to"):
            return read_came(tree)
    return None


def _key(span: Span) -> str:
    return f"{id(span):x}"


def _progress(span: Span) -> Progress:
    return Progress(_key(span), dict(span.work), dict(span.quality))


def _begin(span: Span, outer: Span | None, resumed: Resumed | None) -> Begin:
    labels = span.labels
    variant = labels.variant
    return Begin(
        uid=span.uid,
        key=_key(span),
        outer=_key(outer) if outer else None,
        parent=span.parent_uid,
        shared=span.shared,
        reporter=span.reporter,
        kind=labels.kind,
        name=labels.name,
        project=labels.project,
        model=labels.model,
        variant=VariantRecord(variant.label, list(variant.method), variant.scheme, variant.parent)
        if variant
        else None,
        resumed=resumed,
    )
