"""Observed time over expected time."""

from joulebook_server.store.jobs import EffectiveJob
from joulebook_server.store.usage import Usage


def job_coverage(job: EffectiveJob, usage: Usage) -> float | None:
    """Observed time of a job over its span on each of its devices, 0 to 1.

    The expected time is the job's own span, not the rows that happened to arrive: a gap in the
    middle lowers it. None where no device tells of the job.
    """
    span_us = (job.ended_us or job.last_us) - job.started_us
    if not usage.observed_us or span_us <= 0:
        return None
    expected_us = span_us * len(usage.observed_us)
    return min(1.0, sum(usage.observed_us.values()) / expected_us)
