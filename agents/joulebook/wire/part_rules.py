"""What a batch says of where its energy went: per meter the parts sum to the whole."""

from collections.abc import Sequence

from joulebook.core.attribute import NO_JOB, Bucket
from joulebook.wire import rules
from joulebook.wire.records import Parts

_BUCKETS = tuple(bucket.value for bucket in Bucket)
_OF_JOBS = (Bucket.JOB, Bucket.HELD)


def check_parts(parts: Parts, expected: Sequence[int | None], jobs: set[int]) -> None:
    """Check every part, and their sum per meter.

    Args:
        parts: The parts.
        expected: Energy of each meter, µJ; None where its device is not additive.
        jobs: Refs of jobs that exist.

    Raises:
        WireError: With the JSON path of the first breach.
    """
    at = "$.parts"
    rules.same_length(at, parts)
    rules.choices(f"{at}.bucket", parts.bucket, _BUCKETS)
    rules.integers(f"{at}.energy_uj", parts.energy_uj)
    _check_jobs(parts, jobs)
    _check_meters(parts, expected)
    sums = [0] * len(expected)
    for meter, energy in zip(parts.meter, parts.energy_uj, strict=True):
        sums[meter] += energy
    for meter, (total, whole) in enumerate(zip(sums, expected, strict=True)):
        if whole is not None and total != whole:
            rules.refuse(f"$.meters.energy_uj[{meter}]", f"its parts sum to {total}, not {whole}")


def check_own(parts: Parts, own_uj: Sequence[int | None]) -> None:
    """What the agent used itself lies within ``system``.

    Args:
        parts: The parts, checked.
        own_uj: Of each meter, µJ; None where it is not told.

    Raises:
        WireError: With the JSON path of the first breach.
    """
    system = [0] * len(own_uj)
    for meter, bucket, energy in zip(parts.meter, parts.bucket, parts.energy_uj, strict=True):
        system[meter] += energy if bucket == Bucket.SYSTEM else 0
    for meter, (own, most) in enumerate(zip(own_uj, system, strict=True)):
        if own is not None and own > most:
            rules.refuse(f"$.meters.own_uj[{meter}]", f"is more than the {most} of its system part")


def _check_jobs(parts: Parts, jobs: set[int]) -> None:
    for index, (bucket, job) in enumerate(zip(parts.bucket, parts.job, strict=True)):
        if bucket in _OF_JOBS and job not in jobs:
            rules.refuse(f"$.parts.job[{index}]", f"no job has ref {rules.shown(job)}")
        if bucket not in _OF_JOBS and job != NO_JOB:
            rules.refuse(
                f"$.parts.job[{index}]", f"bucket {bucket} has no job; it must be {NO_JOB}"
            )


def _check_meters(parts: Parts, expected: Sequence[int | None]) -> None:
    seen: set[tuple[int, int, str]] = set()
    rows = zip(parts.meter, parts.job, parts.bucket, strict=True)
    for index, row in enumerate(rows):
        at = f"$.parts.meter[{index}]"
        if not 0 <= row[0] < len(expected):
            rules.refuse(at, f"no meter has index {rules.shown(row[0])}")
        if expected[row[0]] is None:
            rules.refuse(at, "the meter's device is not additive, so its energy has no parts")
        if row in seen:
            rules.refuse(at, "this meter, job and bucket stand here twice")
        seen.add(row)
