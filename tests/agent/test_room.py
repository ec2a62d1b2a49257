"""Who gets a place where more jobs run than are measured."""

import logging

import pytest

from joulebook.agent.room import MOST, MOST_OF_USER, Room, Root
from joulebook.discovery.owner import CONTAINER, PROCESS, SLURM, JobLabels, Owner

Wanted = dict[Root, Owner]


def sleepers(count: int, user: str, first: int = 10_000) -> Wanted:
    labels = JobLabels(user=user)
    return {
        (pid, 100): Owner(f"process:{pid}", PROCESS, labels=labels)
        for pid in range(first, first + count)
    }


def jobs(count: int, manager: str = SLURM, first: int = 100) -> Wanted:
    labels = JobLabels(user="7")
    return {
        (pid, 100): Owner(f"{manager}:{pid}", manager, labels=labels)
        for pid in range(first, first + count)
    }


def proven(wanted: Wanted) -> set[str]:
    return {owner.uid for owner in wanted.values()}


def test_jobs_of_a_scheduler_take_the_places_of_the_newest_of_others() -> None:
    others = sleepers(500, "1") | sleepers(500, "2", 20_000)
    known = Room().fit(others, (), set())
    assert known == others
    came = jobs(3)
    found = Room().fit(others | came, list(known), proven(came))
    assert came.items() <= found.items()
    assert list(others)[:-3] == [root for root in found if root in others]


def test_who_has_a_place_keeps_it_against_others_of_its_kind() -> None:
    known = jobs(MOST, first=50_000)
    later = jobs(5, first=100)
    every = later | known
    assert Room().fit(every, list(known), proven(every)) == known


def test_one_user_takes_no_more_than_a_share_and_jobs_of_a_scheduler_are_not_counted() -> None:
    its, others = sleepers(MOST, "1"), sleepers(5, "2", 20_000)
    real = jobs(MOST_OF_USER - 100)
    found = Room().fit(its | others | real, (), proven(real))
    assert (others | real).items() <= found.items()
    assert len(found.keys() & its.keys()) == MOST_OF_USER


def test_a_job_number_in_an_environment_makes_no_job_of_a_scheduler() -> None:
    claimed, real = jobs(MOST, first=50_000), jobs(1)
    found = Room().fit(claimed | real, list(claimed), proven(real))
    assert (len(found), real.keys() <= found.keys()) == (MOST_OF_USER + 1, True)


def test_containers_go_before_what_only_has_labels() -> None:
    others = sleepers(500, "1") | sleepers(500, "2", 20_000)
    came = jobs(1, CONTAINER)
    assert came.items() <= Room().fit(others | came, list(others), proven(came)).items()


def test_a_gpu_that_is_reserved_for_a_job_without_a_process_has_a_place() -> None:
    others = sleepers(500, "1") | sleepers(500, "2", 20_000)
    silent: Wanted = {(-1_000, None): Owner("slurm:9", SLURM)}
    assert silent.items() <= Room().fit(others | silent, list(others), set()).items()


def test_it_is_told_once_and_again_after_there_was_room(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "joulebook")
    room, many = Room(), sleepers(MOST, "1")
    for _ in range(3):
        room.fit(many, (), set())
    assert len(caplog.messages) == 1
    assert f"{MOST - MOST_OF_USER} jobs that run here have no place" in caplog.messages[0]
    room.fit({}, (), set())
    room.fit(many, (), set())
    assert len(caplog.messages) == 2
