"""Whether the agent does what it is there for."""

import json

from joulebook.watching.health import judge

WINDOW_US = 10_000_000


def test_an_agent_whose_windows_come_and_are_kept_is_well() -> None:
    health = judge(29_000_000, WINDOW_US, None, begun=True)
    assert health.well
    assert json.loads(health.text("0.1.0")) == {
        "status": "ok",
        "problems": [],
        "last_window_age_s": 29.0,
        "window_s": 10.0,
        "version": "0.1.0",
    }


def test_three_windows_of_silence_are_a_problem() -> None:
    health = judge(30_000_000, WINDOW_US, None, begun=True)
    assert not health.well
    assert "the last window came 30 s ago" in health.problems[0]


def test_an_agent_that_has_just_started_is_well_for_three_windows() -> None:
    assert judge(1, WINDOW_US, None, begun=False).well
    told = judge(30_000_000, WINDOW_US, None, begun=False)
    assert "no window came yet" in told.problems[0]


def test_what_else_fails_is_a_problem_too() -> None:
    looking = "looking for jobs fails: OSError: no table"
    health = judge(0, WINDOW_US, None, [looking], begun=True)
    assert (health.well, health.problems) == (False, (looking,))


def test_a_spool_that_cannot_be_written_is_a_problem_with_its_reason() -> None:
    health = judge(0, WINDOW_US, "the disk is full", begun=True)
    told = json.loads(health.text("0.1.0"))
    assert told["status"] == "failing"
    assert told["problems"] == ["what is measured cannot be kept: the disk is full"]
