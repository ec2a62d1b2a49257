"""What an inference server did between looks at its page, exact and never counted twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joulebook.core.growth import Growth
from joulebook.core.prometheus_text import Page, Sample
from joulebook.core.serving_names import SERVERS, STARTED, Server

#: Units of work that a job gets of its server, by the names they have in `Server`.
WORK = {
    "generated": "generated_tokens",
    "prompted": "prompt_tokens",
    "requests": "requests",
    "inferences": "inferences",
}
_COUNTED = (*WORK, "executions", "steps", "step_tokens")

_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Served:
    """What a server did since it was first looked at.

    Attributes:
        server: Which server it is, such as ``vLLM``.
        since_us: The look from which on work is counted, monotonic µs.
        until_us: The look up to which it is counted, monotonic µs.
        models: Work by model, in units of `WORK`; the key is empty where the server names none.
        batch: Mean batch while anything ran; None where nothing did, or the server does not tell.
        tokens_per_step: Mean tokens in one step of the engine, of prompts and generated; None
            likewise.
    """

    server: str
    since_us: int
    until_us: int
    models: Mapping[str, Mapping[str, int]]
    batch: Fraction | None = None
    tokens_per_step: Fraction | None = None

    @property
    def work(self) -> dict[str, int]:
        """Work of all models; a unit that the server does not count is missing, not 0."""
        total: dict[str, int] = {}
        for amounts in self.models.values():
            for unit, amount in amounts.items():
                total[unit] = total.get(unit, 0) + amount
        return total

    @property
    def model(self) -> str | None:
        """The model, where it is one and has a name."""
        return next(iter(self.models)) or None if len(self.models) == 1 else None

    @property
    def quality(self) -> dict[str, float]:
        """The means, as figures beside the work; those that are not known are missing."""
        means = {"batch_size": self.batch, "tokens_per_step": self.tokens_per_step}
        return {name: float(mean) for name, mean in means.items() if mean is not None}


@dataclass
class _Running:
    """A gauge, each value held until the next look."""

    busy_us: int = 0
    weighted: Decimal = Decimal(0)
    last: tuple[int, Decimal] | None = None

    def see(self, value: Decimal | None, at_us: int) -> None:
        if self.last is not None and self.last[1] > 0:
            held_us = at_us - self.last[0]
            self.busy_us += held_us
            self.weighted += self.last[1] * held_us
        self.last = None if value is None else (at_us, value)

    def mean(self) -> Fraction | None:
        return Fraction(self.weighted) / self.busy_us if self.busy_us else None


class Serving:
    """Follows one server from page to page.

    A page that could not be read is a gap: the next one that can spans it. A counter that went
    down, or whose process started anew, counts from 0. A model that came between two looks
    counts from 0 as well, one that left keeps what it did.

    Args:
        from_zero: Whether the server started after it was first watched for: then what its
            first page shows counts. Else that page is where counting begins.
    """

    def __init__(self, *, from_zero: bool = False) -> None:
        self._whole = from_zero
        self._growth: Growth[_Key] = Growth()
        self._totals: dict[str, dict[str, int]] = {}
        self._running = _Running()
        self._started: Decimal | None = None
        self._server = ""
        self._since_us: int | None = None
        self._until_us = 0

    def see(self, page: Page, at_us: int) -> bool:
        """Take in a page.

        Args:
            page: The page; samples with the prefixes of `serving_names.PREFIXES` are enough.
            at_us: When it was read, monotonic µs.

        Returns:
            Whether it is that of a server that we know; if not, it is a gap.
        """
        server = _server_of(page)
        if server is None:
            self.miss()
            return False
        self._see_start(page)
        values = dict(_counters(server, page))
        for key, amount in self._growth.see(values, began=self._whole).items():
            self._add(key, amount)
        for key in values:
            self._add(key, 0)  # told, though it may not have moved
        self._running.see(_running(server, page), at_us)
        self._server, self._until_us = server.name, at_us
        self._since_us = at_us if self._since_us is None else self._since_us
        # After a page with holes, what is new may only have been in a hole.
        self._whole = not page.lost
        return True

    def miss(self) -> None:
        """A page could not be read: nobody knows what ran until the next one."""
        self._running.last = None

    def served(self) -> Served | None:
        """What was done; None where no page was read yet."""
        if self._since_us is None:
            return None
        return Served(
            server=self._server,
            since_us=self._since_us,
            until_us=self._until_us,
            models={model: _work(amounts) for model, amounts in self._totals.items()},
            batch=self._mean("inferences", "executions") or self._running.mean(),
            tokens_per_step=self._mean("step_tokens", "steps"),
        )

    def _see_start(self, page: Page) -> None:
        started = next((sample.value for sample in page.named(STARTED)), None)
        if started is not None and self._started not in (None, started):
            self._growth.begin_again()
        self._started = self._started if started is None else started

    def _add(self, key: _Key, amount: int) -> None:
        _, unit, model, _ = key
        amounts = self._totals.setdefault(model, {})
        amounts[unit] = amounts.get(unit, 0) + amount

    def _mean(self, over: str, under: str) -> Fraction | None:
        many = sum(amounts.get(over, 0) for amounts in self._totals.values())
        times = sum(amounts.get(under, 0) for amounts in self._totals.values())
        return Fraction(many, times) if times else None


def _server_of(page: Page) -> Server | None:
    """The first server of which the page shows a counter or its gauge."""
    names = {sample.name for sample in page.samples}
    for server in SERVERS:
        known = {name for unit in (*_COUNTED, "running") for name in getattr(server, unit)}
        if names & known:
            return server
    return None


def _counters(server: Server, page: Page) -> Iterator[tuple[_Key, int]]:
    for unit in _COUNTED:
        for sample in page.named(*getattr(server, unit)):
            if sample.value is not None and sample.value >= 0:
                labels = tuple(sorted(sample.labels.items()))
                yield (server.name, unit, _model(server, sample), labels), int(sample.value)


def _model(server: Server, sample: Sample) -> str:
    return next((sample.labels[name] for name in server.model if sample.labels.get(name)), "")


def _running(server: Server, page: Page) -> Decimal | None:
    """Requests that run now: the sum of all parts, of copies the largest."""
    parts: dict[tuple[tuple[str, str], ...], Decimal] = {}
    for sample in page.named(*server.running):
        if sample.value is not None:
            labels = sample.labels.items()
            part = tuple(sorted(label for label in labels if label[0] not in server.copies))
            parts[part] = max(sample.value, parts.get(part, sample.value))
    return sum(parts.values(), Decimal(0)) if parts else None


def _work(amounts: Mapping[str, int]) -> dict[str, int]:
    return {WORK[unit]: amount for unit, amount in amounts.items() if unit in WORK}
