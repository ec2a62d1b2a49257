"""Whose the energy of a partitioned GPU is."""

from joulebook.core.attribute import (
    NO_JOB,
    Bucket,
    GpuActivity,
    Part,
    Partition,
    attribute_gpu,
)
from joulebook.core.looks import Look, attribute_looks

SYSTEM = -2


def gpu(slices: int, **partitions: tuple[int, dict[int, int]]) -> GpuActivity:
    """`p3=(4, {1: 10})`: partition 3 has 4 slices, and job 1 is on it with 10 bytes."""
    return GpuActivity(
        {},
        {},
        frozenset({SYSTEM}),
        partitions={
            int(name[1:]): Partition(own, GpuActivity({}, memory, frozenset({SYSTEM})))
            for name, (own, memory) in partitions.items()
        },
        slices=slices,
    )


def test_each_partition_has_its_slices_and_unallocated_slices_are_idle() -> None:
    assert attribute_gpu(700, gpu(7, p1=(3, {1: 1}), p9=(1, {2: 1}))) == [
        Part(Bucket.IDLE, NO_JOB, 300),
        Part(Bucket.JOB, 1, 300),
        Part(Bucket.JOB, 2, 100),
    ]


def test_jobs_in_one_partition_share_its_slices_by_memory() -> None:
    assert attribute_gpu(700, gpu(7, p1=(4, {1: 10, 2: 30}), p2=(3, {3: 1}))) == [
        Part(Bucket.JOB, 1, 100),
        Part(Bucket.JOB, 2, 300),
        Part(Bucket.JOB, 3, 300),
    ]


def test_a_job_on_several_partitions_has_one_part() -> None:
    assert attribute_gpu(700, gpu(7, p1=(4, {1: 10}), p2=(3, {1: 1}))) == [Part(Bucket.JOB, 1, 700)]


def test_a_partition_of_no_job_is_system() -> None:
    assert attribute_gpu(700, gpu(7, p1=(7, {SYSTEM: 1}))) == [Part(Bucket.SYSTEM, NO_JOB, 700)]


def test_a_partition_whose_job_is_told_to_rest_is_held() -> None:
    resting = Partition(3, GpuActivity({}, {1: 1}, busy=False))
    working = Partition(2, GpuActivity({}, {2: 1}, busy=True))
    activity = GpuActivity({}, {}, partitions={1: resting, 2: working}, slices=7)
    assert attribute_gpu(700, activity) == [
        Part(Bucket.HELD, 1, 300),
        Part(Bucket.IDLE, NO_JOB, 200),
        Part(Bucket.JOB, 2, 200),
    ]


def test_where_nobody_tells_who_rests_a_partition_with_a_process_is_taken_for_active() -> None:
    look = Look(700, 1, gpu(7, p1=(3, {1: 1})))
    assert Part(Bucket.JOB, 1, 300) in attribute_looks(700, [look])


def test_where_the_whole_gpu_is_told_to_rest_all_its_partitions_are_held() -> None:
    look = Look(700, 1, gpu(7, p1=(3, {1: 1}), p2=(2, {2: 1})), utilization=0.0)
    assert attribute_looks(700, [look]) == [
        Part(Bucket.HELD, 1, 300),
        Part(Bucket.HELD, 2, 200),
        Part(Bucket.IDLE, NO_JOB, 200),
    ]


def test_partitions_without_slices_are_unknown_not_a_division_by_zero() -> None:
    assert attribute_gpu(9, gpu(0, p1=(0, {1: 1}))) == [Part(Bucket.UNKNOWN, NO_JOB, 9)]
