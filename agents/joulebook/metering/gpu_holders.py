"""Who the holders of a GPU are: jobs, processes of no job, or processes out of sight."""

from collections.abc import Callable, Collection, Sequence

from joulebook.core.attribute import GpuActivity, Partition
from joulebook.metering.gpu_looks import Seen
from joulebook.probes.protocol import Holder

#: Key of the processes of no job among the holders of a GPU.
SYSTEM = -2

_SYSTEM = frozenset({SYSTEM})
_UNSEEN = Seen(GpuActivity({}, {}, seen=False), sampled=False)

JobOf = Callable[[int], int | None]


def seen_of(
    before: Sequence[Holder],
    now: Sequence[Holder] | None,
    job_of: JobOf,
    reserved_for: Collection[int] = (),
) -> Seen:
    """One look at a GPU.

    Who was there at the look before held the GPU for a part of the time since, and counts with its
    memory.

    Args:
        before: Holders at the look before.
        now: Holders of this look; None where nobody can tell.
        job_of: The tracked process, or `SYSTEM`, that a process belongs to; None where it is out of
            sight: the driver tells ids of the host, and another container's processes are not ours
            to see. Then nobody here knows whose the GPU was.
        reserved_for: Tracked processes whose jobs a scheduler gave the GPU to. Where no process is
            on it, these are its holders.
    """
    if now is None:
        return _UNSEEN
    if reserved_for and not now and not before:
        return Seen(GpuActivity({}, dict.fromkeys(reserved_for, 0)), sampled=True)
    parted = any(holder.instance is not None for holder in now or before)
    stayed = [holder for holder in before if (holder.instance is not None) == parted]
    jobs = {holder.pid: job_of(holder.pid) for holder in (*stayed, *now)}
    if None in jobs.values():
        return _UNSEEN
    sampled = any(holder.sm_share is not None for holder in now)
    known = {pid: job for pid, job in jobs.items() if job is not None}
    if not parted:
        return Seen(_activity(stayed, now, known), sampled)
    return Seen(_in_partitions(stayed, now, known), sampled)


def _in_partitions(
    before: Sequence[Holder], now: Sequence[Holder], jobs: dict[int, int]
) -> GpuActivity:
    partitions: dict[int, Partition] = {}
    every = (*before, *now)
    for number in {holder.instance for holder in every if holder.instance is not None}:
        then, here = ([one for one in some if one.instance == number] for some in (before, now))
        slices = max(holder.slices[0] for holder in (*then, *here))
        partitions[number] = Partition(slices, _activity(then, here, jobs))
    whole = max((holder.slices[1] for holder in every), default=0)
    return GpuActivity({}, {}, _SYSTEM, partitions=partitions, slices=whole)


def _activity(before: Sequence[Holder], now: Sequence[Holder], jobs: dict[int, int]) -> GpuActivity:
    shares: dict[int, int] = {}
    for holder in now:
        job = jobs[holder.pid]
        shares[job] = shares.get(job, 0) + (holder.sm_share or 0)
    held = [_memory(some, jobs) for some in (before, now)]
    memory = {job: max(one.get(job, 0) for one in held) for job in {**held[0], **held[1]}}
    return GpuActivity(shares, memory, _SYSTEM)


def _memory(holders: Sequence[Holder], jobs: dict[int, int]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for holder in holders:
        job = jobs[holder.pid]
        sums[job] = sums.get(job, 0) + holder.memory_bytes
    return sums
