"""Whose joule is it: integer energy split so that the parts sum to the whole."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Bucket(StrEnum):
    """The only five places a joule can be booked to."""

    JOB = "job"
    HELD = "held"
    IDLE = "idle"
    SYSTEM = "system"
    UNKNOWN = "unknown"


NO_JOB = -1


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """A share of one meter window.

    Attributes:
        bucket: Where it is booked.
        job: Reference of the job, or -1 where the bucket has none.
        energy_uj: Energy, µJ, never negative.
    """

    bucket: Bucket
    job: int
    energy_uj: int


def largest_remainder(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` so that the shares sum to it exactly.

    Hamilton's method: every share is rounded down, then the units left go to the
    largest remainders; ties go to the earlier share, so equal input gives equal output.

    Args:
        total: What to split, not negative.
        weights: Integer weights, none negative, not all 0.

    Returns:
        One share per weight, in order.

    Raises:
        ValueError: `total` or a weight is negative, or the weights sum to 0.
    """
    whole = sum(weights)
    if total < 0 or any(weight < 0 for weight in weights) or whole == 0:
        raise ValueError("need total >= 0 and weights >= 0 that do not sum to 0")
    shares = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in by_remainder[: total - sum(shares)]:
        shares[index] += 1
    return shares


@dataclass(frozen=True, slots=True)
class GpuActivity:
    """What was seen of the processes on one GPU, or on one partition of it, over some time.

    Attributes:
        sm_share: SM utilisation per holder, summed over samples (any integer unit).
        memory_bytes: Device memory per holder, bytes.
        system: Holders that belong to no job.
        seen: False where nobody could tell which processes hold the device.
        busy: False where it was told that nothing ran; None where nobody tells: taken for busy.
        partitions: Occupied partitions by number (MIG); then the holders stand in them.
        slices: How many slices the partitioned GPU has, unallocated ones included.
    """

    sm_share: Mapping[int, int]
    memory_bytes: Mapping[int, int]
    system: frozenset[int] = frozenset()
    seen: bool = True
    busy: bool | None = None
    partitions: "Mapping[int, Partition]" = field(default_factory=dict)
    slices: int = 0

    @property
    def holders(self) -> list[int]:
        """Who is on it, in order."""
        return sorted(set(self.sm_share) | set(self.memory_bytes))


@dataclass(frozen=True, slots=True)
class Partition:
    """A part of a GPU with processes on it: how many slices it has, and who is there."""

    slices: int
    activity: GpuActivity


def attribute_gpu(energy_uj: int, activity: GpuActivity) -> list[Part]:
    """Split the energy of one GPU over its holders.

    One holder gets all. Several share by SM utilisation; without a sample by memory; else
    equally. Where nothing ran, the jobs' shares are held. No holder: idle. Not seen: unknown,
    never a guess. A partitioned GPU is first split by slices: those of a partition are its
    holders', all others are idle.

    Args:
        energy_uj: Energy, µJ.
        activity: What was seen of its holders.

    Raises:
        ValueError: The energy is negative.
    """
    if not activity.seen:
        return _parts([(Bucket.UNKNOWN, NO_JOB, energy_uj)])
    if activity.partitions:
        return _by_slices(energy_uj, activity)
    holders = activity.holders
    if not holders:
        return _parts([(Bucket.IDLE, NO_JOB, energy_uj)])
    shares = largest_remainder(energy_uj, _gpu_weights(holders, activity))
    used = Bucket.HELD if activity.busy is False else Bucket.JOB
    return _parts(
        [
            (Bucket.SYSTEM, NO_JOB, share) if holder in activity.system else (used, holder, share)
            for holder, share in zip(holders, shares, strict=True)
        ]
    )


def _by_slices(energy_uj: int, activity: GpuActivity) -> list[Part]:
    occupied = [activity.partitions[number] for number in sorted(activity.partitions)]
    slices = [max(0, one.slices) for one in occupied]
    weights = [*slices, max(0, activity.slices - sum(slices))]
    if not sum(weights):
        return _parts([(Bucket.UNKNOWN, NO_JOB, energy_uj)])
    *shares, rest = largest_remainder(energy_uj, weights)
    parts = [Part(Bucket.IDLE, NO_JOB, rest)]
    for one, share in zip(occupied, shares, strict=True):
        parts += attribute_gpu(share, one.activity)
    return merged(parts)


def _gpu_weights(holders: Sequence[int], activity: GpuActivity) -> list[int]:
    for known in (activity.sm_share, activity.memory_bytes):
        weights = [max(0, known.get(holder, 0)) for holder in holders]
        if sum(weights) > 0:
            return weights
    return [1] * len(holders)


@dataclass(frozen=True, slots=True)
class HostActivity:
    """Shares of one host-wide resource (CPU time or memory) over one window.

    Attributes:
        capacity: All there was of it (CPU time of all cores, bytes of memory).
        used: All that was in use, jobs or not.
        by_job: What each job used.
        seen: False where nobody could tell.
    """

    capacity: int
    used: int
    by_job: Mapping[int, int]
    seen: bool = True


def attribute_host(energy_uj: int, activity: HostActivity) -> list[Part]:
    """Split a package's or a memory's energy: jobs by use, other use system, the rest idle.

    The convention is ``E·busy`` shared by CPU time and ``E·(1-busy)`` idle. The counters
    behind the figures are read one after another, so a job can seem to use more than all;
    the whole is then what the jobs used, and no share is ever above 1.

    Args:
        energy_uj: Energy of the window, µJ.
        activity: What was seen of the resource.

    Raises:
        ValueError: The energy is negative.
    """
    if not activity.seen or activity.capacity <= 0:
        return _parts([(Bucket.UNKNOWN, NO_JOB, energy_uj)])
    jobs = sorted(activity.by_job)
    of_jobs = [max(0, activity.by_job[job]) for job in jobs]
    used = max(activity.used, sum(of_jobs), 0)
    capacity = max(activity.capacity, used)
    weights = [*of_jobs, used - sum(of_jobs), capacity - used]
    *shares, system, idle = largest_remainder(energy_uj, weights)
    return _parts(
        [
            *((Bucket.JOB, job, share) for job, share in zip(jobs, shares, strict=True)),
            (Bucket.SYSTEM, NO_JOB, system),
            (Bucket.IDLE, NO_JOB, idle),
        ]
    )


def merged(parts: Iterable[Part]) -> list[Part]:
    """One part per bucket and job, in a fixed order; empty ones are left out."""
    summed: dict[tuple[Bucket, int], int] = {}
    for part in parts:
        key = part.bucket, part.job
        summed[key] = summed.get(key, 0) + part.energy_uj
    return sorted(
        Part(bucket, job, energy_uj) for (bucket, job), energy_uj in summed.items() if energy_uj
    )


def _parts(entries: Sequence[tuple[Bucket, int, int]]) -> list[Part]:
    if any(energy_uj < 0 for _, _, energy_uj in entries):
        raise ValueError("need total >= 0: a meter never counts backwards")
    return merged(Part(*entry) for entry in entries)
