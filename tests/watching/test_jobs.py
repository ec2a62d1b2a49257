"""A bounded number of jobs, none of whose joules is lost or counted twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.watching.conftest import job

from joulebook.watching.jobs import KEPT_US, NAMED, OTHER, JobFigures, JobTable, split

GPU = ("gpu", "counter")
CPU = ("cpu", "estimated")


def shown(table: JobTable) -> dict[tuple[str, str], dict[tuple[str, str], int]]:
    return {(one.manager, one.id): dict(one.energy_uj) for one in table.figures()}


def test_a_jobs_energy_adds_up_by_kind_of_device_and_method() -> None:
    table = JobTable(10)
    for source, energy_uj in ((GPU, 1), (GPU, 2), (CPU, 5)):
        table.add("run:a", source, energy_uj, 0)
    assert shown(table) == {("run", "a"): {GPU: 3, CPU: 5}}


def test_a_job_that_used_nothing_is_shown_with_nothing() -> None:
    table = JobTable(10)
    table.add("run:a", GPU, 0, 0)
    assert shown(table) == {("run", "a"): {GPU: 0}}


def test_a_job_that_ended_stays_for_a_quarter_hour_and_then_leaves() -> None:
    table = JobTable(10)
    table.add("run:a", GPU, 7, 0)
    table.forget(KEPT_US)
    assert shown(table) == {("run", "a"): {GPU: 7}}
    table.forget(KEPT_US + 1)
    assert shown(table) == {}


def test_a_job_that_is_heard_of_stays_though_it_uses_nothing() -> None:
    table = JobTable(10)
    table.add("run:a", GPU, 7, 0)
    table.hear([job("run:a")], KEPT_US)
    table.forget(2 * KEPT_US)
    assert shown(table) == {("run", "a"): {GPU: 7}}


def test_the_job_that_finds_no_place_adds_up_with_others_of_its_manager() -> None:
    table = JobTable(1)
    for number, energy_uj in ((1, 100), (2, 20), (3, 3)):
        table.add(f"slurm:c:{number}", GPU, energy_uj, 0)
    assert shown(table) == {("slurm", "c:1"): {GPU: 100}, ("slurm", OTHER): {GPU: 23}}


def test_the_job_that_found_no_place_gets_none_when_one_falls_free() -> None:
    table = JobTable(1)
    table.add("run:a", GPU, 1, 0)
    table.add("run:b", GPU, 10, KEPT_US)
    table.forget(KEPT_US + 1)  # a has left
    table.add("run:b", GPU, 10, KEPT_US + 1)
    assert shown(table) == {("run", OTHER): {GPU: 20}}


def test_a_new_job_gets_the_place_of_one_that_left() -> None:
    table = JobTable(1)
    table.add("run:a", GPU, 1, 0)
    table.forget(KEPT_US + 1)
    table.add("run:b", GPU, 2, KEPT_US + 1)
    assert shown(table) == {("run", "b"): {GPU: 2}}


def test_of_several_records_of_one_job_the_newest_is_shown() -> None:
    table = JobTable(10)
    table.hear([job(rev=2, model="new"), job(rev=1, model="old")], 0)
    (figures,) = table.figures()
    assert figures.record is not None
    assert figures.record.model == "new"


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 10**12), st.integers(0, KEPT_US // 2))))
def test_what_is_shown_never_loses_a_joule_while_nothing_has_left(
    steps: list[tuple[int, int, int]],
) -> None:
    table, now_us = JobTable(3), 0
    for number, energy_uj, _ in steps:
        table.add(f"run:{number}", GPU, energy_uj, now_us)
    figures = table.figures()
    assert sum(sum(one.energy_uj.values()) for one in figures) == sum(uj for _, uj, _ in steps)
    assert len([one for one in figures if one.id != OTHER]) <= 3


@pytest.mark.parametrize(
    ("uid", "manager", "name"),
    [
        ("slurm:cluster:42", "slurm", "cluster:42"),
        ("k8s:nlp/Job/train", "kubernetes", "nlp/Job/train"),
        ("k8s:pod:0b1f", "kubernetes", "pod:0b1f"),
        ("container:docker:0123456789ab", "container", "docker:0123456789ab"),
        ("run:0190", "run", "0190"),
        ("my-sweep", NAMED, "my-sweep"),
        ("team:sweep", NAMED, "team:sweep"),
        ("slurm:", NAMED, "slurm:"),
    ],
)
def test_a_uid_is_manager_and_id(uid: str, manager: str, name: str) -> None:
    assert split(uid) == (manager, name)


def test_what_is_shown_does_not_change_with_what_comes_later() -> None:
    table = JobTable(10)
    table.add("run:a", GPU, 1, 0)
    (before,) = table.figures()
    table.add("run:a", GPU, 1, 0)
    assert before == JobFigures("run", "a", None, {GPU: 1})
