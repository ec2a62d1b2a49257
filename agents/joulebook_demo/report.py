"""The report of a finished experiment, for people and for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from joulebook.core.carbon import Factor
from joulebook.core.units import significant
from joulebook_demo import display, table
from joulebook_demo.experiment import MODEL, PROJECT, Trial
from joulebook_demo.figures import Row, per_sample, row_of
from joulebook_demo.ledger import Answers
from joulebook_demo.verdict import Verdict, compare
from joulebook_demo.workshop import BASELINE

Grids = tuple[Factor, Factor]


@dataclass(frozen=True, slots=True)
class Report:
    """What came out.

    Attributes:
        rows: One per variant, the baseline first.
        verdicts: One per variant but the baseline.
        carbon: What the CO2e column is, in words.
        answers: What the server said.
    """

    rows: Sequence[Row]
    verdicts: Sequence[Verdict]
    carbon: str
    answers: Answers

    def text(self, width: int) -> str:
        """Table, footnotes and verdicts for a terminal of `width` columns."""
        unit = display.mass_unit(self.rows)
        body = table.render(
            display.heads(self.rows), [display.cells(row, unit) for row in self.rows], width
        )
        below = table.notes([*display.footnotes(self.rows), self.carbon, *self._scope()], width)
        claims = table.notes([verdict.line() for verdict in self.verdicts], width)
        return f"{body}\n\n{below}\n\n{claims}"

    def json(self, trials: Sequence[Trial]) -> dict[str, Any]:
        """The same for programs, with the uids of the jobs behind each row."""
        return {
            "model": MODEL,
            "project": PROJECT,
            "baseline": BASELINE,
            "rows": [asdict(row) for row in self.rows],
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
            "trials": [asdict(trial) for trial in trials],
            "carbon": self.carbon,
            "factors": list(self.answers.factors),
            "covers": list(self.answers.covers),
            "does_not_cover": list(self.answers.does_not_cover),
        }

    def _scope(self) -> list[str]:
        texts = []
        if self.answers.covers:
            texts.append(f"covers: {', '.join(self.answers.covers)}.")
        if self.answers.does_not_cover:
            texts.append(f"does not cover: {', '.join(self.answers.does_not_cover)}.")
        return texts


def report_of(
    trials: Sequence[Trial], answers: Answers, zone: str | None, extremes: Grids
) -> Report:
    """Rows and verdicts from the server's answers.

    Args:
        trials: What was done, the baseline among it.
        answers: What the server said.
        zone: Grid zone asked for, or None.
        extremes: The cleanest and the dirtiest grid known.
    """
    applies = any(job.emissions_g is not None for job in answers.jobs.values())
    ranged = zone is None and not applies
    carbon = _range_text(extremes) if ranged else _factor_text(answers.factors, zone)
    return Report(
        rows=[row_of(trial, answers.jobs, extremes if ranged else None) for trial in trials],
        verdicts=_verdicts(trials, answers),
        carbon=carbon,
        answers=answers,
    )


def _verdicts(trials: Sequence[Trial], answers: Answers) -> list[Verdict]:
    energies = {trial.label: per_sample(trial, answers.jobs) for trial in trials}
    return [
        compare(label, energy, BASELINE, energies[BASELINE])
        for label, energy in energies.items()
        if label != BASELINE
    ]


def _range_text(extremes: Grids) -> str:
    low, high = (
        f"{grid.name} {grid.year} at {significant(grid.grams_per_kwh)} g/kWh" for grid in extremes
    )
    return (
        "CO2e: of one million inferences. No zone is known, so this is a range, from the "
        f"cleanest grid known ({low}) to the dirtiest ({high}); give a zone for one figure."
    )


def _factor_text(factors: Sequence[Mapping[str, Any]], zone: str | None) -> str:
    if not factors:
        return f"CO2e: the server has no emission factor for {zone}."
    named = "; ".join(
        f"{factor['name']} {factor['year']} at {factor['intensity_g_per_kwh']} g/kWh, "
        f"{factor['source']}"
        for factor in factors
    )
    return f"CO2e: of one million inferences, location-based, {named}."
