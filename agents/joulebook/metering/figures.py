"""What a span has come to, as it is told to people."""

from dataclasses import dataclass, field

from joulebook.metering.span import Span


@dataclass(frozen=True, slots=True)
class Figures:
    """Energy of one span and its children, and how it is known.

    Attributes:
        energy_uj: Energy, µJ; None if nothing was measured, or if the span was too short for any
            sensor to tell whose the energy was.
        error_uj: Its uncertainty, µJ.
        methods: Share of the energy by method.
        coverage: Observed over expected time, 0 to 1; None if no device was metered.
        devices: Kinds of device with a figure.
        simulated: True if a simulated device is among them.
        untold_uj: Energy of which nobody could tell whose it was, µJ, by kind of device.
    """

    energy_uj: int | None
    error_uj: int
    methods: dict[str, float]
    coverage: float | None
    devices: tuple[str, ...]
    simulated: bool
    untold_uj: dict[str, int] = field(default_factory=dict)


def figures_of(span: Span, now_us: int, simulated: frozenset[str] = frozenset()) -> Figures:
    """Figures of a span.

    Args:
        span: The span.
        now_us: Wall clock, µs: where a running span ends for now.
        simulated: uids of simulated devices.
    """
    tally = span.tally
    duration_us = (span.ended_us or now_us) - span.started_us
    return Figures(
        energy_uj=tally.total_uj if tally.told else None,
        error_uj=tally.error_uj,
        methods=tally.method_shares(),
        coverage=tally.coverage(duration_us),
        devices=tuple(sorted({kind for kind, _ in tally.energy_uj})),
        simulated=bool(simulated & set(tally.observed_us)),
        untold_uj=dict(tally.untold_uj),
    )
