"""The form of log lines, by the real logging module."""

import io
import json
import logging
from collections.abc import Callable

import pytest

from joulebook.watching.log import formatter

Log = Callable[..., str]


@pytest.fixture
def log() -> Log:
    """Logs once, with a formatter; returns what was written."""

    def write(
        form: str,
        message: str,
        level: int = logging.WARNING,
        *,
        journal: bool = False,
        error: BaseException | None = None,
        **extra: object,
    ) -> str:
        stream = io.StringIO()
        handler = logging.StreamHandler(stream)
        handler.setFormatter(formatter(form, journal=journal))
        logger = logging.getLogger("joulebook.form")
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.DEBUG)
        logger.log(level, message, extra=extra, exc_info=error)
        return stream.getvalue()

    return write


def test_a_text_line_is_the_message(log: Log) -> None:
    assert log("text", "joulebook: all is well") == "joulebook: all is well\n"


def test_a_text_line_ends_with_its_fields(log: Log) -> None:
    assert log("text", "lost", device="GPU-1", count=2) == "lost device=GPU-1 count=2\n"


@pytest.mark.parametrize(
    ("level", "prefix"),
    [
        (logging.DEBUG, "<7>"),
        (logging.INFO, "<6>"),
        (logging.WARNING, "<4>"),
        (logging.ERROR, "<3>"),
        (logging.CRITICAL, "<2>"),
    ],
)
def test_under_journald_each_line_begins_with_its_priority(
    log: Log, level: int, prefix: str
) -> None:
    assert log("text", "one\ntwo", level, journal=True) == f"{prefix}one\n{prefix}two\n"


def test_an_empty_message_is_one_line_for_journald(log: Log) -> None:
    assert log("text", "", journal=True) == "<4>\n"


def test_a_json_line_holds_time_level_logger_message_and_fields(log: Log) -> None:
    told = json.loads(log("json", "lost", device="GPU-1", count=2))
    time = told.pop("time")
    assert time.endswith("Z")
    assert "T" in time
    assert told == {
        "level": "warning",
        "logger": "joulebook.form",
        "message": "lost",
        "device": "GPU-1",
        "count": 2,
    }


def test_a_json_line_is_one_line_whatever_the_message(log: Log) -> None:
    line = log("json", 'one\ntwo "three"', error=ValueError("bad"))
    assert line.count("\n") == 1
    told = json.loads(line)
    assert told["message"] == 'one\ntwo "three"'
    assert "ValueError: bad" in told["error"]


def test_a_field_does_not_hide_what_every_line_has(log: Log) -> None:
    told = json.loads(log("json", "lost", logger="mine", time="mine"))
    assert told["logger"] == "joulebook.form"
    assert told["time"] != "mine"


def test_a_field_that_json_does_not_know_is_written_as_text(log: Log) -> None:
    told = json.loads(
        log("json", "lost", share=float("nan"), device={1}), parse_constant=pytest.fail
    )
    assert told["share"] == "nan"
    assert told["device"] == "{1}"
