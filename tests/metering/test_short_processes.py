"""CPU time of processes that come and go between two looks."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metering.kernel import FREE_ROOT, GROUPED_ROOT, INIT, Kernel

from joulebook.metering.activity import Activity

ROOTS = (FREE_ROOT, GROUPED_ROOT)
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

pytestmark = pytest.mark.skipif(
    TICKS_PER_S != 100, reason="the kernel in memory has 100 ticks a second"
)

#: What happens: something to the process of a number, with so many ticks.
events = st.lists(
    st.tuples(
        st.sampled_from(["run", "fork", "burst", "end", "ignore", "look"]),
        st.integers(0, 50),
        st.integers(0, 40),
    ),
    max_size=60,
)


def happen(kernel: Kernel, what: str, number: int, ticks: int) -> None:
    pids = sorted(kernel.tasks)
    pid = pids[number % len(pids)]
    if what == "run":
        kernel.run(pid, ticks)
    elif what == "fork":
        kernel.fork(pid)
    elif what == "burst":
        child = kernel.fork(pid)
        kernel.run(child, ticks)
        kernel.end(child)
    elif what == "ignore":
        kernel.tasks[pid].ignores = True
    elif what == "end" and kernel.leaves():
        kernel.end(kernel.leaves()[number % len(kernel.leaves())])


def booked(activity: Activity) -> dict[int, int]:
    return dict(activity.cpu("cpu:m:package-0").by_job)


def test_500_short_processes_a_second_are_booked_to_their_job() -> None:
    kernel = Kernel()
    activity = Activity(kernel, ROOTS)
    for _ in range(10):
        for _ in range(250):
            happen(kernel, "burst", sorted(kernel.tasks).index(FREE_ROOT), 1)
        activity.watch([])
    assert booked(activity) == {FREE_ROOT: 2_500, GROUPED_ROOT: 0}


def test_short_processes_whose_parent_never_waits_are_booked_by_the_jobs_cgroup() -> None:
    kernel = Kernel()
    activity = Activity(kernel, ROOTS)
    kernel.tasks[GROUPED_ROOT].ignores = True
    for _ in range(500):
        happen(kernel, "burst", sorted(kernel.tasks).index(GROUPED_ROOT), 2)
    activity.watch([])
    assert booked(activity)[GROUPED_ROOT] == 1_000


def test_what_a_cgroup_counted_with_a_stranger_in_it_is_nobodys_by_that_count() -> None:
    kernel = Kernel()
    activity = Activity(kernel, ROOTS)
    stranger = kernel.fork(INIT)
    kernel.tasks[stranger].group = "job"
    activity.watch([])
    kernel.run(stranger, 700)
    kernel.run(GROUPED_ROOT, 5)
    activity.watch([])
    assert booked(activity)[GROUPED_ROOT] == 5


def test_what_a_cgroup_counted_before_the_restart_does_not_count() -> None:
    kernel = Kernel()
    kernel.run(GROUPED_ROOT, 900)
    activity = Activity(kernel, ROOTS)
    kernel.run(GROUPED_ROOT, 5)
    activity.watch([])
    activity.restart(ROOTS)
    kernel.run(GROUPED_ROOT, 3)
    activity.watch([])
    assert booked(activity) == {FREE_ROOT: 0, GROUPED_ROOT: 3}


@given(events)
def test_a_job_with_a_cgroup_of_its_own_is_booked_all_it_used(
    happened: list[tuple[str, int, int]],
) -> None:
    kernel = Kernel()
    activity = Activity(kernel, ROOTS)
    for one in happened:
        happen(kernel, *one)
        if one[0] == "look":
            activity.watch([])
    activity.watch([])
    assert booked(activity)[GROUPED_ROOT] == kernel.truth[GROUPED_ROOT]


@given(events)
def test_a_job_whose_children_are_waited_for_is_booked_all_it_used(
    happened: list[tuple[str, int, int]],
) -> None:
    kernel = Kernel()
    activity = Activity(kernel, ROOTS)
    for one in happened:
        if one[0] != "ignore":
            happen(kernel, *one)
        if one[0] == "look":
            activity.watch([])
    activity.watch([])
    assert booked(activity) == {root: kernel.truth[root] for root in ROOTS}


@given(events)
def test_no_job_is_ever_booked_more_than_it_used(happened: list[tuple[str, int, int]]) -> None:
    kernel = Kernel()
    activity = Activity(kernel, ROOTS)
    for one in happened:
        happen(kernel, *one)
        if one[0] == "look":
            activity.watch([])
    activity.watch([])
    told = activity.cpu("cpu:m:package-0")
    assert all(0 <= told.by_job[root] <= kernel.truth[root] for root in ROOTS)
    assert sum(told.by_job.values()) <= told.used
