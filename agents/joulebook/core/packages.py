"""CPU time of jobs by package, where some may run on a part of the packages only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from joulebook.core.attribute import HostActivity, largest_remainder


@dataclass(frozen=True, slots=True)
class PackageTime:
    """CPU time of one package over a window, in any unit.

    Attributes:
        busy: Time spent running anything.
        capacity: All time.
    """

    busy: int
    capacity: int


def by_package(
    by_job: Mapping[int, int],
    confined: Mapping[int, frozenset[int]],
    times: Mapping[int, PackageTime],
) -> dict[int, HostActivity]:
    """Place each job's CPU time on the packages where it may run.

    The most confined jobs come first. A job that may use several packages is taken to have used
    them as much as they were busy beyond what the more confined ones used there.

    Args:
        by_job: CPU time of each job.
        confined: Packages of each job that may not use all of them.
        times: CPU time of each package.

    Returns:
        What to split each package's energy by; over all packages a job's time sums to its own.
    """
    if not times:
        return {}
    allowed = {job: (confined.get(job, frozenset()) & set(times)) or set(times) for job in by_job}
    placed: dict[int, dict[int, int]] = {package: {} for package in times}
    for width in sorted({len(packages) for packages in allowed.values()}):
        free = {one: times[one].busy - sum(placed[one].values()) for one in times}
        for job in (job for job, packages in allowed.items() if len(packages) == width):
            for package, share in _spread(max(0, by_job[job]), allowed[job], free, times):
                placed[package][job] = share
    return {
        package: HostActivity(time.capacity, time.busy, placed[package])
        for package, time in times.items()
    }


def _spread(
    ticks: int,
    packages: Iterable[int],
    free: Mapping[int, int],
    times: Mapping[int, PackageTime],
) -> Iterable[tuple[int, int]]:
    ordered = sorted(packages)
    for known in (free, {one: times[one].capacity for one in ordered}):
        weights = [max(0, known[one]) for one in ordered]
        if sum(weights) > 0:
            return zip(ordered, largest_remainder(ticks, weights), strict=True)
    return zip(ordered, largest_remainder(ticks, [1] * len(ordered)), strict=True)
