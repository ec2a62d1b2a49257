"""The one line that a span leaves behind."""

from dataclasses import dataclass
from fractions import Fraction

from joulebook.core.carbon import Factor, emissions_g
from joulebook.core.units import MISSING, US_PER_S, format_energy, format_mass
from joulebook.metering.figures import Figures
from joulebook.metering.span import Span

#: What nobody can tell the owner of is said where it is this part of the figure, or more.
NOTED = 100


@dataclass(frozen=True, slots=True)
class Carbon:
    """What turns energy into grams here.

    Attributes:
        factor: Emission factor of the zone; None where there is none.
        pue: Power usage effectiveness, at least 1.
        reason: Why there is no factor.
        flag: The same as a report's flag.
    """

    factor: Factor | None
    pue: Fraction
    reason: str | None = None
    flag: str = "no_zone"

    def grams(self, energy_uj: int) -> Fraction | None:
        """Location-based grams of CO2e, or None where there is no factor."""
        if self.factor is None:
            return None
        return emissions_g(energy_uj, self.factor.grams_per_kwh, self.pue)

    def text(self, energy_uj: int) -> str:
        """Grams with zone and year, or why not."""
        if self.factor is None:
            return f"CO2e: {self.reason}"
        mass = format_mass(self.grams(energy_uj))
        pue = f", PUE {float(self.pue):g}" if self.pue != 1 else ""
        return f"{mass}CO2e ({self.factor.zone} {self.factor.year}{pue})"


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one ended span.

    Attributes:
        title: What it is called.
        energy_uj: Energy of the span and its children, µJ; None if nothing was measured, or
            if it was too short for any sensor to tell whose the energy was.
        error_uj: Its uncertainty, µJ.
        methods: Share of the energy by method.
        coverage: Observed over expected time, 0 to 1; None if no device was metered.
        duration_us: Length of the span, µs.
        devices: Kinds of device with a figure.
        simulated: True if a simulated device is among them.
        untold_uj: Energy of which nobody could tell whose it was, µJ, by kind of device.
        carbon: What turned the energy into grams.
        kept: Where the batches went.
    """

    title: str
    energy_uj: int | None
    error_uj: int
    methods: dict[str, float]
    coverage: float | None
    duration_us: int
    devices: tuple[str, ...]
    simulated: bool
    untold_uj: dict[str, int]
    carbon: Carbon
    kept: str

    def line(self) -> str:
        """All of it in one line for people."""
        if self.energy_uj is None:
            why = "too short to measure" if self.coverage is not None else "not measured"
            return f"joulebook: {self.title}: {why} ({self.kept})"
        figures = [
            *self._energy_texts(self.energy_uj),
            *self._untold_texts(self.energy_uj),
            f"coverage {self._coverage_text()}",
            f"{self.duration_us / US_PER_S:.1f} s",
            self.kept,
        ]
        return f"joulebook: {self.title}: " + " · ".join(figures)

    def _energy_texts(self, energy_uj: int) -> list[str]:
        if not energy_uj:  # it slept, or was shorter than a tick of the clock that tells CPU time
            return ["no use that a sensor can tell", *(["simulated"] if self.simulated else [])]
        return [
            f"{format_energy(energy_uj)} ±{100 * self.error_uj / energy_uj:.0f} %",
            self.carbon.text(energy_uj),
            self._method_text(),
        ]

    def _untold_texts(self, energy_uj: int) -> list[str]:
        return [
            f"{format_energy(untold_uj)} of {kind}: nobody can tell whose"
            for kind, untold_uj in sorted(self.untold_uj.items())
            if untold_uj * NOTED >= energy_uj
        ]

    def _coverage_text(self) -> str:
        return MISSING if self.coverage is None else f"{100 * self.coverage:.0f} %"

    def _method_text(self) -> str:
        methods = ", ".join(
            name if share > 0.995 else f"{name} {100 * share:.0f} %"  # noqa: PLR2004 - rounds to all
            for name, share in self.methods.items()
        )
        simulated = "simulated, " if self.simulated else ""
        return f"{simulated}{methods} ({', '.join(self.devices)})"


def summarise(span: Span, figures: Figures, carbon: Carbon, kept: str) -> Summary:
    """Figures of an ended span, with its name and its grams.

    Args:
        span: The span, ended.
        figures: What it came to.
        carbon: Factor and PUE in force.
        kept: Where its batches went, in words.
    """
    return Summary(
        title=span.labels.title(),
        energy_uj=figures.energy_uj,
        error_uj=figures.error_uj,
        methods=figures.methods,
        coverage=figures.coverage,
        duration_us=(span.ended_us or span.started_us) - span.started_us,
        devices=figures.devices,
        simulated=figures.simulated,
        untold_uj=figures.untold_uj,
        carbon=carbon,
        kept=kept,
    )
