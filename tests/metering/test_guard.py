"""What of ours goes wrong reaches nobody's job, and is told once."""

import logging

import pytest

from joulebook.metering.guard import Recurring


def tried(trying: Recurring, *outcomes: str) -> None:
    for outcome in outcomes:
        with trying:
            if outcome:
                raise OSError(outcome)


def test_what_fails_again_and_again_is_told_once_and_that_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "joulebook"):
        tried(Recurring("noting"), "", "disk full", "disk full", "read-only", "", "", "disk full")
    assert caplog.messages == [
        "joulebook: noting failed: OSError: disk full",
        "joulebook: noting failed: OSError: read-only",
        "joulebook: noting works again",
        "joulebook: noting failed: OSError: disk full",
    ]


def test_it_tells_what_failed_last_until_it_works_again() -> None:
    noting = Recurring("noting")
    told = [noting.problem]
    for outcome in ("disk full", ""):
        tried(noting, outcome)
        told.append(noting.problem)
    assert told == [None, "noting fails: OSError: disk full", None]


def test_who_asks_to_stop_is_heard() -> None:
    with pytest.raises(KeyboardInterrupt), Recurring("noting"):
        raise KeyboardInterrupt
