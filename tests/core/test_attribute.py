"""Whose joule is it: parts equal the meter for any activity."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.attribute import (
    NO_JOB,
    Bucket,
    GpuActivity,
    HostActivity,
    Part,
    attribute_gpu,
    attribute_host,
)

energies = st.integers(0, 2**60)
amounts = st.integers(-(10**6), 2**60)  # negative: a counter that was read out of turn
by_holder = st.dictionaries(st.integers(0, 9), amounts, max_size=8)
gpu_activities = st.builds(
    GpuActivity,
    by_holder,
    by_holder,
    st.frozensets(st.integers(0, 9)),
    st.booleans(),
    st.sampled_from([True, False, None]),
)
of_jobs = (Bucket.JOB, Bucket.HELD)
host_activities = st.builds(HostActivity, amounts, amounts, by_holder, st.booleans())


def total(parts: Sequence[Part]) -> int:
    return sum(part.energy_uj for part in parts)


def test_one_holder_gets_all() -> None:
    assert attribute_gpu(1_001, GpuActivity({4: 3}, {4: 10**9})) == [Part(Bucket.JOB, 4, 1_001)]


def test_one_holder_without_a_sample_or_memory_gets_all() -> None:
    assert attribute_gpu(1_001, GpuActivity({4: 0}, {})) == [Part(Bucket.JOB, 4, 1_001)]


def test_no_holder_is_idle() -> None:
    assert attribute_gpu(500, GpuActivity({}, {})) == [Part(Bucket.IDLE, NO_JOB, 500)]


def test_a_gpu_that_nobody_watched_is_unknown_never_idle() -> None:
    activity = GpuActivity({1: 50}, {1: 50}, seen=False)
    assert attribute_gpu(500, activity) == [Part(Bucket.UNKNOWN, NO_JOB, 500)]


def test_several_holders_share_by_sm_utilisation_before_memory() -> None:
    activity = GpuActivity({1: 30, 2: 10}, {1: 1, 2: 10**9})
    assert attribute_gpu(400, activity) == [Part(Bucket.JOB, 1, 300), Part(Bucket.JOB, 2, 100)]


def test_without_a_sample_holders_share_by_memory() -> None:
    activity = GpuActivity({1: 0}, {1: 10, 2: 30})
    assert attribute_gpu(400, activity) == [Part(Bucket.JOB, 1, 100), Part(Bucket.JOB, 2, 300)]


def test_without_sample_or_memory_holders_share_equally() -> None:
    activity = GpuActivity({1: 0, 2: 0}, {})
    assert attribute_gpu(400, activity) == [Part(Bucket.JOB, 1, 200), Part(Bucket.JOB, 2, 200)]


def test_a_holder_of_no_job_is_system() -> None:
    activity = GpuActivity({1: 30, 2: 10}, {}, system=frozenset({2}))
    assert attribute_gpu(400, activity) == [
        Part(Bucket.JOB, 1, 300),
        Part(Bucket.SYSTEM, NO_JOB, 100),
    ]


def test_a_holder_that_is_told_to_rest_holds_the_gpu() -> None:
    activity = GpuActivity({1: 0}, {1: 10}, busy=False)
    assert attribute_gpu(400, activity) == [Part(Bucket.HELD, 1, 400)]


def test_all_holders_of_no_job_are_one_part() -> None:
    activity = GpuActivity({1: 1, 2: 1}, {}, system=frozenset({1, 2}))
    assert attribute_gpu(401, activity) == [Part(Bucket.SYSTEM, NO_JOB, 401)]


def test_a_package_is_split_by_use_and_the_rest_is_idle() -> None:
    activity = HostActivity(capacity=1_000, used=600, by_job={1: 300, 2: 100})
    assert attribute_host(1_000, activity) == [
        Part(Bucket.IDLE, NO_JOB, 400),
        Part(Bucket.JOB, 1, 300),
        Part(Bucket.JOB, 2, 100),
        Part(Bucket.SYSTEM, NO_JOB, 200),
    ]


def test_a_host_that_nobody_watched_is_unknown() -> None:
    activity = HostActivity(capacity=1_000, used=600, by_job={1: 300}, seen=False)
    assert attribute_host(9, activity) == [Part(Bucket.UNKNOWN, NO_JOB, 9)]


def test_a_host_without_capacity_is_unknown_not_a_division_by_zero() -> None:
    activity = HostActivity(capacity=0, used=0, by_job={})
    assert attribute_host(9, activity) == [Part(Bucket.UNKNOWN, NO_JOB, 9)]


def test_jobs_that_seem_to_use_more_than_all_share_the_whole() -> None:
    activity = HostActivity(capacity=100, used=90, by_job={1: 150, 2: 50})
    assert attribute_host(400, activity) == [Part(Bucket.JOB, 1, 300), Part(Bucket.JOB, 2, 100)]


def test_a_job_whose_counter_ran_backwards_gets_nothing() -> None:
    activity = HostActivity(capacity=100, used=50, by_job={1: -5, 2: 50})
    assert attribute_host(100, activity) == [
        Part(Bucket.IDLE, NO_JOB, 50),
        Part(Bucket.JOB, 2, 50),
    ]


@pytest.mark.parametrize("seen", [True, False])
def test_negative_energy_is_refused_on_a_gpu(*, seen: bool) -> None:
    with pytest.raises(ValueError, match="total >= 0"):
        attribute_gpu(-1, GpuActivity({}, {}, seen=seen))


@pytest.mark.parametrize("seen", [True, False])
def test_negative_energy_is_refused_on_a_host(*, seen: bool) -> None:
    with pytest.raises(ValueError, match="total >= 0"):
        attribute_host(-1, HostActivity(1, 0, {}, seen=seen))


@given(energies, gpu_activities)
def test_the_parts_of_a_gpu_equal_its_meter(energy_uj: int, activity: GpuActivity) -> None:
    assert total(attribute_gpu(energy_uj, activity)) == energy_uj


@given(energies, host_activities)
def test_the_parts_of_a_host_equal_its_meter(energy_uj: int, activity: HostActivity) -> None:
    assert total(attribute_host(energy_uj, activity)) == energy_uj


@given(energies, gpu_activities)
def test_no_part_of_a_gpu_is_negative_or_empty(energy_uj: int, activity: GpuActivity) -> None:
    assert all(part.energy_uj > 0 for part in attribute_gpu(energy_uj, activity))


@given(energies, host_activities)
def test_no_part_of_a_host_is_negative_or_empty(energy_uj: int, activity: HostActivity) -> None:
    assert all(part.energy_uj > 0 for part in attribute_host(energy_uj, activity))


@given(energies, gpu_activities)
def test_a_bucket_and_job_of_a_gpu_stand_once(energy_uj: int, activity: GpuActivity) -> None:
    keys = [(part.bucket, part.job) for part in attribute_gpu(energy_uj, activity)]
    assert len(keys) == len(set(keys))


@given(energies, gpu_activities, host_activities)
def test_only_job_and_held_name_a_job(energy_uj: int, gpu: GpuActivity, host: HostActivity) -> None:
    parts = [*attribute_gpu(energy_uj, gpu), *attribute_host(energy_uj, host)]
    assert all((part.bucket in of_jobs) == (part.job != NO_JOB) for part in parts)


@given(energies, by_holder, by_holder)
def test_the_order_in_which_holders_were_seen_changes_nothing(
    energy_uj: int, sm_share: dict[int, int], memory_bytes: dict[int, int]
) -> None:
    forward = GpuActivity(sm_share, memory_bytes)
    backward = GpuActivity(dict(reversed(sm_share.items())), dict(reversed(memory_bytes.items())))
    assert attribute_gpu(energy_uj, forward) == attribute_gpu(energy_uj, backward)
