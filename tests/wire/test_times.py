"""Instants as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.errors import WireError
from joulebook.wire import format_time, parse_time

START_US = 1_795_428_000_000_000


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T10:00:00Z",
        "2026-11-23T10:00:00.000000Z",
        "2026-11-23t10:00:00z",
        "2026-11-23 10:00:00Z",
        "2026-11-23T10:00:00+00:00",
        "2026-11-23T15:30:00+05:30",
        "2026-11-22T22:00:00-12:00",
        "2026-11-23T10:00:00.0000009Z",  # beyond the microsecond
    ],
)
def test_one_instant_has_many_forms(text: str) -> None:
    assert parse_time("$", text) == START_US


def test_a_fraction_of_any_length_is_read() -> None:
    assert parse_time("$", "2026-11-23T10:00:00.5Z") == START_US + 500_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T10Z",
        "2026-11-23T10:00Z",
        "20261123T100000Z",
        "2026-W48-1T10:00:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-11-23T10:00:61Z",
        "2026-11-23T10:00:00,5Z",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00+0530",
        "2026-11-23T10:00:00+25:00",
        "2026-11-23T10:00:00+05:75",
        "2026-11-23T10:00:00Z\n",
        "\u0662\u0660\u0662\u0666-11-23T10:00:00Z",
        "0000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_rfc_3339_time_is_refused(text: str) -> None:
    with pytest.raises(WireError, match="is not an RFC 3339 time"):
        parse_time("$.jobs[0].started_at", text)


def test_a_time_without_an_offset_is_refused_with_what_to_do() -> None:
    with pytest.raises(WireError, match="write it with Z"):
        parse_time("$", "2026-11-23T10:00:00")


def test_a_refusal_names_the_path() -> None:
    with pytest.raises(WireError) as refusal:
        parse_time("$.jobs[3].ended_at", "soon")
    assert refusal.value.path == "$.jobs[3].ended_at"


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59"], ids=["first", "last"]
)
def test_the_ends_of_the_calendar_are_read(text: str) -> None:
    assert isinstance(parse_time("$", text), int)


def test_a_time_is_written_in_utc_with_microseconds() -> None:
    assert format_time(START_US + 7) == "2026-11-23T10:00:00.000007Z"


def test_an_early_year_keeps_four_digits() -> None:
    assert format_time(-62_135_596_800_000_000) == "0001-01-01T00:00:00.000000Z"


@given(st.integers(0, 2**53 - 1))
def test_a_time_comes_back_as_it_was_written(time_us: int) -> None:
    assert parse_time("$", format_time(time_us)) == time_us
