"""A log bears what everybody on a host does wrong."""

import logging
from pathlib import Path

import pytest
from tests.discovery.trees import Host

from joulebook.discovery.complaints import MINUTE, MOST, Complaints
from joulebook.discovery.follower import YOUNG
from joulebook.discovery.owners import Owners
from joulebook.discovery.slurm import SlurmJobs


@pytest.fixture(autouse=True)
def _heard(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "joulebook")


def test_one_mistake_of_one_user_is_told_once_whatever_it_is_found_at(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints = Complaints()
    for number in range(3):
        complaints.say(["KIND is wrong"], f"job-{number}", "user 1000")
        complaints.say(["KIND is wrong"], f"job-{number}", "user 1001")
    assert caplog.messages == ["joulebook: job job-0: KIND is wrong; it is left out"] * 2


def test_beyond_so_many_a_minute_they_are_counted_and_may_be_told_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    complaints = Complaints()
    for number in range(MOST + 7):
        complaints.say([f"{number} is wrong"], "job", "user 1000")
    assert len(caplog.messages) == MOST
    for _ in range(MINUTE):
        complaints.look()
    assert caplog.messages[MOST:] == [
        "joulebook: 7 more complaints about labels, not shown here",
    ]
    complaints.say([f"{MOST} is wrong"], "job", "user 1000")
    assert f"{MOST} is wrong" in caplog.messages[-1]


def test_short_processes_with_wrong_labels_say_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = Host(tmp_path)
    owners = Owners(host.root, "boot", SlurmJobs(configurations=()))
    for pid in range(100, 160):
        host.starts(pid, environ={"JOULEBOOK_KIND": "trainng"})
        owners.look(host.table)
        host.ends(pid)
    assert caplog.messages == []
    host.starts(7, environ={"JOULEBOOK_KIND": "trainng"})
    for _ in range(YOUNG):
        owners.look(host.table)
    assert len(caplog.messages) == 1
