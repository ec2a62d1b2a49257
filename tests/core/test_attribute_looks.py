"""A job that holds a GPU and rests, look by look; parts equal the meter for any looks."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.attribute import NO_JOB, Bucket, GpuActivity, Part, Partition
from joulebook.core.looks import Look, attribute_looks

SYSTEM = -2
SECOND = 1_000_000

amounts = st.integers(-(10**6), 2**50)  # negative: a counter that was read out of turn
by_holder = st.dictionaries(st.integers(-2, 6), st.integers(-100, 2**40), max_size=5)
plain = st.builds(
    GpuActivity, by_holder, by_holder, st.just(frozenset({SYSTEM})), st.sampled_from([True, False])
)
parted = st.builds(
    GpuActivity,
    st.just({}),
    st.just({}),
    st.just(frozenset({SYSTEM})),
    partitions=st.dictionaries(
        st.integers(0, 13), st.builds(Partition, st.integers(0, 7), plain), max_size=4
    ),
    slices=st.integers(0, 8),
)
looks = st.lists(
    st.builds(
        Look,
        amounts,
        amounts,
        st.one_of(plain, parted),
        st.sampled_from([None, 0.0, 0.01, 1.0]),
        st.booleans(),
    ),
    max_size=6,
)
energies = st.integers(0, 2**60)


def look(
    energy_uj: int,
    sm: dict[int, int],
    *,
    use: float | None = None,
    memory: dict[int, int] | None = None,
    sampled: bool = True,
) -> Look:
    activity = GpuActivity(sm, memory or {}, frozenset({SYSTEM}))
    return Look(energy_uj, SECOND, activity, use, sampled)


def total(parts: Sequence[Part]) -> int:
    return sum(part.energy_uj for part in parts)


def test_a_job_that_rests_for_a_part_of_the_window_holds_the_energy_of_that_part() -> None:
    parts = attribute_looks(
        500, [look(300, {1: 80}, use=0.8), look(50, {1: 0}, use=0.0), look(150, {1: 9}, use=0.1)]
    )
    assert parts == [Part(Bucket.HELD, 1, 50), Part(Bucket.JOB, 1, 450)]


def test_a_gpu_that_is_free_for_a_part_of_the_window_is_idle_then() -> None:
    assert attribute_looks(400, [look(300, {1: 80}), look(100, {})]) == [
        Part(Bucket.IDLE, NO_JOB, 100),
        Part(Bucket.JOB, 1, 300),
    ]


def test_a_part_that_nobody_could_see_is_unknown_and_the_others_stand() -> None:
    blind = Look(100, SECOND, GpuActivity({}, {}, seen=False))
    assert attribute_looks(400, [look(300, {1: 80}), blind]) == [
        Part(Bucket.JOB, 1, 300),
        Part(Bucket.UNKNOWN, NO_JOB, 100),
    ]


def test_a_window_in_which_nobody_looked_is_unknown() -> None:
    assert attribute_looks(400, []) == [Part(Bucket.UNKNOWN, NO_JOB, 400)]


def test_resting_holders_share_by_memory_and_those_of_no_job_are_system() -> None:
    memory = {1: 10, 2: 20, SYSTEM: 10}
    resting = look(400, {1: 0, 2: 0, SYSTEM: 0}, use=0.0, memory=memory)
    assert attribute_looks(400, [resting]) == [
        Part(Bucket.HELD, 1, 100),
        Part(Bucket.HELD, 2, 200),
        Part(Bucket.SYSTEM, NO_JOB, 100),
    ]


def test_one_active_holder_has_all_while_another_rests() -> None:
    parts = attribute_looks(400, [look(400, {1: 30, 2: 0}, use=0.3, memory={1: 1, 2: 99})])
    assert parts == [Part(Bucket.JOB, 1, 400)]


def test_a_sample_says_active_even_where_the_utilisation_is_rounded_to_0() -> None:
    assert attribute_looks(9, [look(9, {1: 1}, use=0.0)]) == [Part(Bucket.JOB, 1, 9)]


def test_without_samples_the_utilisation_tells_who_rests() -> None:
    busy = look(30, {1: 0}, use=0.5, sampled=False)
    resting = look(10, {1: 0}, use=0.0, sampled=False)
    assert attribute_looks(40, [busy, resting]) == [
        Part(Bucket.HELD, 1, 10),
        Part(Bucket.JOB, 1, 30),
    ]


def test_where_neither_samples_nor_utilisation_are_told_nobody_is_said_to_rest() -> None:
    assert attribute_looks(40, [look(40, {1: 0}, sampled=False)]) == [Part(Bucket.JOB, 1, 40)]


def test_without_a_utilisation_one_silent_look_between_active_ones_is_a_sample_that_came_late() -> (
    None
):
    parts = attribute_looks(60, [look(20, {1: 9}), look(20, {1: 0}), look(20, {1: 9})])
    assert parts == [Part(Bucket.JOB, 1, 60)]


def test_without_a_utilisation_a_longer_silence_is_rest() -> None:
    silent = [look(20, {1: 0}) for _ in range(4)]
    parts = attribute_looks(100, [look(20, {1: 9}), *silent])
    assert parts == [Part(Bucket.HELD, 1, 60), Part(Bucket.JOB, 1, 40)]


def test_a_busy_look_without_a_sample_follows_the_samples_of_the_window() -> None:
    memory = {1: 1, 2: 10**9}
    sampled = look(400, {1: 30, 2: 10}, use=0.4, memory=memory)
    late = look(400, {1: 0, 2: 0}, use=0.4, memory=memory)
    parts = attribute_looks(800, [sampled, late])
    assert parts == [Part(Bucket.JOB, 1, 600), Part(Bucket.JOB, 2, 200)]


def test_a_holder_that_came_later_has_no_share_of_what_was_before() -> None:
    parts = attribute_looks(800, [look(400, {1: 30}), look(400, {1: 20, 2: 20})])
    assert parts == [Part(Bucket.JOB, 1, 600), Part(Bucket.JOB, 2, 200)]


def test_where_the_sensor_told_no_energy_between_looks_time_splits_the_window() -> None:
    parts = attribute_looks(400, [look(0, {1: 30}), look(0, {2: 30})])
    assert parts == [Part(Bucket.JOB, 1, 200), Part(Bucket.JOB, 2, 200)]


def test_negative_energy_is_refused() -> None:
    for some in ([], [look(1, {1: 1})]):
        with pytest.raises(ValueError, match="total >= 0"):
            attribute_looks(-1, some)


@given(energies, looks)
def test_the_parts_equal_the_meter_and_none_is_negative_or_empty(
    energy_uj: int, some: list[Look]
) -> None:
    parts = attribute_looks(energy_uj, some)
    assert total(parts) == energy_uj
    assert all(part.energy_uj > 0 for part in parts)


@given(energies, looks)
def test_a_bucket_and_job_stand_once_and_only_job_and_held_name_a_job(
    energy_uj: int, some: list[Look]
) -> None:
    parts = attribute_looks(energy_uj, some)
    keys = [(part.bucket, part.job) for part in parts]
    assert len(keys) == len(set(keys))
    of_jobs = (Bucket.JOB, Bucket.HELD)
    assert all(part.job == NO_JOB for part in parts if part.bucket not in of_jobs)
    assert all(part.job != SYSTEM for part in parts)


@given(energies, looks)
def test_the_order_in_which_holders_were_seen_changes_nothing(
    energy_uj: int, some: list[Look]
) -> None:
    assert attribute_looks(energy_uj, some) == attribute_looks(energy_uj, [*map(backwards, some)])


@given(st.lists(st.tuples(st.integers(0, 2**40), st.dictionaries(st.integers(0, 3), amounts))))
def test_energies_that_sum_to_the_window_are_booked_look_by_look(
    some: list[tuple[int, dict[int, int]]],
) -> None:
    blind = [Look(energy, SECOND, GpuActivity({}, {}, seen=False)) for energy, _ in some]
    seen = [look(energy, {1: 5}) for energy, _ in some]
    mixed = [one for pair in zip(blind, seen, strict=True) for one in pair]
    half = sum(energy for energy, _ in some)
    booked = {part.bucket: part.energy_uj for part in attribute_looks(2 * half, mixed)}
    assert booked == ({Bucket.UNKNOWN: half, Bucket.JOB: half} if half else {})


def backwards(one: Look) -> Look:
    return Look(
        one.energy_uj, one.duration_us, _backwards(one.activity), one.utilization, one.sampled
    )


def _backwards(activity: GpuActivity) -> GpuActivity:
    return GpuActivity(
        dict(reversed([*activity.sm_share.items()])),
        dict(reversed([*activity.memory_bytes.items()])),
        activity.system,
        activity.seen,
        partitions={
            number: Partition(one.slices, _backwards(one.activity))
            for number, one in reversed([*activity.partitions.items()])
        },
        slices=activity.slices,
    )
