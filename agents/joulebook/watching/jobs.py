"""What each job has used since the agent started, for a bounded number of jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from joulebook.core.units import US_PER_S
from joulebook.wire import Job

#: How long a job is shown after it was last heard of, µs: no scrape may miss its end.
KEPT_US = 15 * 60 * US_PER_S
#: Jobs without a place that are remembered; of older ones the energy counts on as others'.
_MOST_CROWDED = 20_000
#: Stands for all jobs that found no place.
OTHER = "other"
#: Who names a job, by the first word of its uid; any other uid was chosen by a person.
MANAGERS: Mapping[str, str] = {
    "slurm": "slurm",
    "k8s": "kubernetes",
    "container": "container",
    "process": "process",
    "run": "run",
    "torchrun": "torchrun",
}
NAMED = "named"

#: Kind of device, and method.
Source = tuple[str, str]


@dataclass(frozen=True, slots=True)
class JobFigures:
    """One job.

    Attributes:
        manager: Who named it: one of `MANAGERS`, or `NAMED`.
        id: Its name there; manager and id together are as good as the uid.
        record: What is known of it; None where nothing was told, or it stands for several.
        energy_uj: What it used and what it held since the agent started, by source, µJ.
    """

    manager: str
    id: str
    record: Job | None
    energy_uj: Mapping[Source, int]


@dataclass
class _Known:
    heard_us: int
    record: Job | None = None
    energy_uj: dict[Source, int] = field(default_factory=dict)


class JobTable:
    """Adds up the energy of jobs; it forgets those that ended, and holds no more than it may.

    Once `most` jobs are there, further ones are added up together, without a name, by manager. A
    job that found no place gets none later on: half a job would be shown as a whole one.

    Args:
        most: How many jobs are told apart at one time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, _Known] = {}
        self._crowded: dict[str, int] = {}  # when each was last heard of, monotonic, µs
        self._others: dict[str, dict[Source, int]] = {}

    def hear(self, jobs: Sequence[Job], now_us: int) -> None:
        """Take in records of jobs.

        Args:
            jobs: The records; of several of one job, the newest is shown.
            now_us: Monotonic time, µs.
        """
        for job in jobs:
            known = self._place(job.uid, now_us)
            if known is not None and (known.record is None or job.rev >= known.record.rev):
                known.record = job

    def add(self, uid: str, source: Source, energy_uj: int, now_us: int) -> None:
        """Book energy (µJ) to a job."""
        known = self._place(uid, now_us)
        energy = self._others.setdefault(split(uid)[0], {}) if known is None else known.energy_uj
        energy[source] = energy.get(source, 0) + energy_uj

    def forget(self, now_us: int) -> None:
        """Let go of jobs of which nobody has heard for a while; those that run are heard of."""
        before_us = now_us - KEPT_US
        self._known = {uid: one for uid, one in self._known.items() if one.heard_us >= before_us}
        self._crowded = {uid: at_us for uid, at_us in self._crowded.items() if at_us >= before_us}

    def figures(self) -> list[JobFigures]:
        """All jobs, and behind them one entry a manager for those that found no place."""
        told = [
            JobFigures(*split(uid), one.record, dict(one.energy_uj))
            for uid, one in self._known.items()
        ]
        others = [
            JobFigures(manager, OTHER, None, dict(energy))
            for manager, energy in self._others.items()
        ]
        return told + others

    def _place(self, uid: str, now_us: int) -> _Known | None:
        """The job's place, found or made; None where there is none."""
        known = self._known.get(uid)
        if known is not None:
            known.heard_us = now_us
            return known
        if uid in self._crowded or len(self._known) >= self._most:
            self._crowded.pop(uid, None)  # the newest word of it stands last
            self._crowded[uid] = now_us
            if len(self._crowded) > _MOST_CROWDED:
                del self._crowded[next(iter(self._crowded))]
            return None
        return self._known.setdefault(uid, _Known(now_us))


def split(uid: str) -> tuple[str, str]:
    """Manager and id of a job's uid."""
    first, colon, rest = uid.partition(":")
    if colon and rest and first in MANAGERS:
        return MANAGERS[first], rest
    return NAMED, uid
