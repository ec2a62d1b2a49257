"""CPU time of jobs by package."""

from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.attribute import attribute_host
from joulebook.core.packages import PackageTime, by_package

TWO = {0: PackageTime(600, 1_000), 1: PackageTime(300, 1_000)}

numbers = st.integers(0, 4)
ticks = st.integers(-100, 10**9)
times = st.dictionaries(numbers, st.builds(PackageTime, ticks, ticks), max_size=4)
jobs = st.dictionaries(st.integers(0, 6), ticks, max_size=5)
confinements = st.dictionaries(st.integers(0, 6), st.frozensets(numbers), max_size=5)


def test_a_confined_job_is_booked_on_its_package_alone() -> None:
    split = by_package({1: 500, 2: 100}, {1: frozenset({0})}, TWO)
    assert split[0].by_job[1] == 500
    assert 1 not in split[1].by_job


def test_a_free_job_is_where_the_packages_are_busy_beyond_the_confined() -> None:
    split = by_package({1: 500, 2: 400}, {1: frozenset({0})}, TWO)
    assert (split[0].by_job[2], split[1].by_job[2]) == (100, 300)


def test_each_package_keeps_its_own_busy_time_and_capacity() -> None:
    split = by_package({1: 500}, {1: frozenset({0})}, TWO)
    assert [(one.used, one.capacity) for one in split.values()] == [(600, 1_000), (300, 1_000)]


def test_a_job_confined_to_packages_that_are_not_there_is_taken_for_free() -> None:
    split = by_package({1: 300}, {1: frozenset({7})}, TWO)
    assert (split[0].by_job[1], split[1].by_job[1]) == (200, 100)


def test_on_packages_that_seem_to_rest_a_job_is_spread_evenly() -> None:
    rest = {0: PackageTime(0, 1_000), 1: PackageTime(0, 1_000)}
    split = by_package({1: 300}, {}, rest)
    assert (split[0].by_job[1], split[1].by_job[1]) == (150, 150)


def test_without_packages_there_is_nothing_to_split() -> None:
    assert by_package({1: 300}, {}, {}) == {}


@given(jobs, confinements, times)
def test_a_jobs_time_over_all_packages_is_its_own(
    by_job: dict[int, int],
    confined: dict[int, frozenset[int]],
    of_packages: dict[int, PackageTime],
) -> None:
    split = by_package(by_job, confined, of_packages)
    for job, own in by_job.items():
        placed = [one.by_job[job] for one in split.values() if job in one.by_job]
        assert sum(placed) == (max(0, own) if of_packages else 0)
        assert all(share >= 0 for share in placed)


@given(jobs, confinements, times)
def test_no_job_is_placed_where_it_may_not_run(
    by_job: dict[int, int],
    confined: dict[int, frozenset[int]],
    of_packages: dict[int, PackageTime],
) -> None:
    for number, one in by_package(by_job, confined, of_packages).items():
        for job in one.by_job:
            packages = confined.get(job, frozenset()) & set(of_packages)
            assert not packages or number in packages


@given(jobs, confinements, times, st.integers(0, 2**60))
def test_the_order_of_jobs_changes_nothing_and_parts_equal_the_meter(
    by_job: dict[int, int],
    confined: dict[int, frozenset[int]],
    of_packages: dict[int, PackageTime],
    energy_uj: int,
) -> None:
    split = by_package(by_job, confined, of_packages)
    assert split == by_package(dict(reversed(by_job.items())), confined, of_packages)
    for one in split.values():
        assert sum(part.energy_uj for part in attribute_host(energy_uj, one)) == energy_uj
