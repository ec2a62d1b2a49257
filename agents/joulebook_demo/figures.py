"""From the server's figures of single jobs to one row per variant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from joulebook.core.carbon import Factor, emissions_g
from joulebook.core.units import UJ_PER_J, UJ_PER_WH
from joulebook_demo.experiment import Trial
from joulebook_demo.ledger import Job

#: Lowest and highest.
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One variant; None where there is no figure.

    Attributes:
        label: Name of the variant.
        size_bytes: Size of its file.
        accuracy: Share of test images that are right, 0 to 1.
        rate: Images inferred per second.
        per_1000_j: Energy of 1000 inferences, J.
        per_1000_error_j: Its uncertainty, J.
        build_wh: Energy of its training or compression, Wh.
        build_s: How long that took, s.
        methods: How the energies were measured.
        coverage: Observed over expected time of its jobs, 0 to 1.
        emissions_g: CO2e of all its jobs, g: lowest and highest; equal where a zone is known.
        per_million_g: CO2e of one million inferences, g: lowest and highest.
    """

    label: str
    size_bytes: int
    accuracy: float | None
    rate: float | None
    per_1000_j: float | None
    per_1000_error_j: float | None
    build_wh: float | None
    build_s: float | None
    methods: tuple[str, ...]
    coverage: float | None
    emissions_g: Span | None
    per_million_g: Span | None


def row_of(trial: Trial, jobs: Mapping[str, Job], grids: tuple[Factor, Factor] | None) -> Row:
    """Sum up the jobs of one variant.

    Args:
        trial: The variant and its jobs' uids.
        jobs: The server's figures.
        grids: Cleanest and dirtiest grid, for a range where no zone is known; None if the
            server's own emissions are to be shown.
    """
    rounds = [jobs[uid] for uid in trial.rounds]
    build = jobs[trial.build]
    every = [build, *rounds]
    samples = sum(job.samples for job in rounds)
    per_1000 = 1000 / samples if samples else None
    return Row(
        label=trial.label,
        size_bytes=trial.size_bytes,
        accuracy=_same(job.accuracy for job in rounds),
        rate=_ratio(samples, _sum(job.seconds for job in rounds)),
        per_1000_j=_scaled(_sum(job.energy_uj for job in rounds), per_1000, UJ_PER_J),
        # One sensor's gain error is the same in every round: it adds up.
        per_1000_error_j=_scaled(_sum(job.error_uj for job in rounds), per_1000, UJ_PER_J),
        build_wh=_scaled(build.energy_uj, 1, UJ_PER_WH),
        build_s=build.seconds,
        methods=tuple(sorted({method for job in every for method in job.methods})),
        coverage=_coverage(every),
        emissions_g=_emissions(every, grids),
        per_million_g=_per_million(_emissions(rounds, grids), samples),
    )


def per_sample(trial: Trial, jobs: Mapping[str, Job]) -> list[float | None]:
    """Energy of one inference in each round, µJ."""
    return [_ratio(jobs[uid].energy_uj, jobs[uid].samples) for uid in trial.rounds]


def _sum(values: Iterable[float | None]) -> float | None:
    """A sum, or None if one of them is not known: a missing part is not zero."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return sum(known) if known and len(known) == len(listed) else None


def _same(values: Iterable[float | None]) -> float | None:
    """The mean of what every round should agree on."""
    listed = list(values)
    return _ratio(_sum(listed), len(listed))


def _ratio(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def _scaled(energy_uj: float | None, factor: float | None, unit: int) -> float | None:
    return energy_uj * factor / unit if energy_uj is not None and factor is not None else None


def _coverage(jobs: Sequence[Job]) -> float | None:
    """Coverage weighted by the jobs' length."""
    observed = _sum(_times(job.coverage, job.seconds) for job in jobs)
    return _ratio(observed, _sum(job.seconds for job in jobs))


def _times(left: float | None, right: float | None) -> float | None:
    return left * right if left is not None and right is not None else None


def _per_million(grams: Span | None, samples: float) -> Span | None:
    if grams is None or not samples:
        return None
    return grams[0] / samples * 1_000_000, grams[1] / samples * 1_000_000


def _emissions(jobs: Sequence[Job], grids: tuple[Factor, Factor] | None) -> Span | None:
    return _range(jobs, grids) if grids else _stated(jobs)


def _stated(jobs: Sequence[Job]) -> Span | None:
    grams = _sum(job.emissions_g for job in jobs)
    return None if grams is None else (grams, grams)


def _range(jobs: Sequence[Job], grids: tuple[Factor, Factor]) -> Span | None:
    energies = [job.energy_uj for job in jobs]
    if None in energies:
        return None
    total_uj = sum(energy for energy in energies if energy is not None)
    low, high = (emissions_g(total_uj, grid.grams_per_kwh) for grid in grids)
    return float(low), float(high)
