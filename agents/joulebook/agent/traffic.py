"""Bytes that jobs moved."""

from collections.abc import Mapping
from dataclasses import asdict

from joulebook.agent.deeds import Look
from joulebook.agent.increments import Increments
from joulebook.discovery.owner import JobLabels
from joulebook.discovery.traffic import Traffic

#: Looks, a second each, from one reading of the counters to the next: it costs about 15 µs for each
#: process of the host. What a job moves after the last reading before its end is missing.
EVERY = 5


class TrafficDeeds:
    """Counts the bytes of jobs; what nobody can tell apart is missing, and not 0.

    Args:
        traffic: Follows their counters.
    """

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._told = Increments()
        self._followed: set[str] = set()
        self._looks = 0

    def look(self, look: Look) -> None:
        """Read the counters of all jobs that are measured: now and then, or when one is new."""
        jobs = look.jobs()
        for job in self._followed - jobs.keys():
            self._traffic.forget(job)
            self._told.forget(job)
        self._looks += 1
        if jobs and (jobs.keys() - self._followed or self._looks >= EVERY):
            self._traffic.look(jobs, look.table)
            self._looks = 0
        self._followed = set(jobs)

    def grown(self, job: str) -> Mapping[str, int]:
        """Bytes by unit since this was last asked."""
        moved = asdict(self._traffic.moved(job))
        return self._told.since(job, {unit: n for unit, n in moved.items() if n is not None})

    def quality(self, job: str) -> Mapping[str, float]:
        """Nothing: a rate is for whoever reads."""
        del job
        return {}

    def labels(self, job: str) -> JobLabels:
        """Nothing."""
        del job
        return JobLabels()
