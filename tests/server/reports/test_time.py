"""Hours, days and months of a named time zone, also where clocks change."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.server.reports.fleet import Fleet, Serve, Window, at

Steady = Callable[[int, int], Fleet]


HOUR_US = 3_600_000_000
QUARTER_US = HOUR_US // 4


@pytest.fixture
def steady(serve: Serve) -> Steady:
    """A fleet with one window of 1 J in each of some quarter hours."""

    def fill(first_us: int, quarters: int) -> Fleet:
        fleet = serve()
        starts = [first_us + index * QUARTER_US for index in range(quarters)]
        fleet.push([Window(start, {("idle", ""): 1_000_000}) for start in starts])
        return fleet

    return fill


def joules(report: dict[str, Any], key: str) -> dict[str, int]:
    return {row[key]: int(row["energy_uj"]) // 1_000_000 for row in report["rows"]}


@pytest.mark.parametrize("key", ["hour", "day", "month"])
@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Kathmandu", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"]
)
def test_rows_of_time_sum_to_the_total(mixed: Fleet, key: str, zone: str) -> None:
    report = mixed.report(group_by=key, tz=zone)
    assert sum(int(row["energy_uj"]) for row in report["rows"]) == int(
        report["totals"]["energy_uj"]
    )


def test_a_day_in_kathmandu_starts_at_a_quarter_past_the_hour(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-03-01T18:00:00Z"), 2)  # midnight there is 18:15 UTC
    assert joules(fleet.report(group_by="day", tz="Asia/Kathmandu"), "day") == {
        "2026-03-01": 1,
        "2026-03-02": 1,
    }


def test_an_hour_in_kathmandu_starts_at_a_quarter_past_the_hour(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-03-01T18:00:00Z"), 6)
    assert joules(fleet.report(group_by="hour", tz="Asia/Kathmandu"), "hour") == {
        "2026-03-01T23:00+05:45": 1,
        "2026-03-02T00:00+05:45": 4,
        "2026-03-02T01:00+05:45": 1,
    }


def test_the_day_that_loses_an_hour_in_berlin_has_23(steady: Steady) -> None:
    fleet = steady(at("2026-03-28T23:00:00Z"), 23 * 4)
    report = fleet.report(group_by="day", tz="Europe/Berlin")
    assert joules(report, "day") == {"2026-03-29": 92}


def test_the_day_that_gains_an_hour_in_berlin_has_25(steady: Steady) -> None:
    fleet = steady(at("2026-10-24T22:00:00Z"), 25 * 4)
    report = fleet.report(group_by="day", tz="Europe/Berlin")
    assert joules(report, "day") == {"2026-10-25": 100}


def test_an_hour_that_comes_twice_is_two_rows_in_order_of_time(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-10-24T23:00:00Z"), 16)
    report = fleet.report(group_by="hour", tz="Europe/Berlin")
    assert [row["hour"] for row in report["rows"]] == [
        "2026-10-25T01:00+02:00",
        "2026-10-25T02:00+02:00",
        "2026-10-25T02:00+01:00",
        "2026-10-25T03:00+01:00",
    ]
    assert set(joules(report, "hour").values()) == {4}


def test_a_month_ends_at_its_own_midnight(steady: Steady) -> None:
    fleet = steady(at("2026-03-31T21:30:00Z"), 4)  # midnight in Berlin is 22:00 UTC
    report = fleet.report(group_by="month", tz="Europe/Berlin")
    assert joules(report, "month") == {"2026-03": 2, "2026-04": 2}


def test_a_period_starts_with_from_and_ends_before_to(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-03-01T00:00:00Z"), 8)
    report = fleet.report(start="2026-03-01T00:15:00Z", end="2026-03-01T01:00:00Z")
    assert report["totals"]["energy_uj"] == "3000000"


def test_a_period_with_an_offset_is_the_same_instant(steady: Steady) -> None:
    fleet = steady(at("2026-03-01T00:00:00Z"), 8)
    report = fleet.report(start="2026-03-01T01:15:00+01:00", end="2026-03-01T02:00:00+01:00")
    assert report["totals"]["energy_uj"] == "3000000"


def test_a_period_is_widened_to_whole_quarter_hours_and_says_so(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-03-01T00:00:00Z"), 8)
    report = fleet.report(start="2026-03-01T00:20:00Z", end="2026-03-01T00:31:00Z")
    assert report["totals"]["energy_uj"] == "2000000"
    assert at(report["from"]) == at("2026-03-01T00:15:00Z")
    assert at(report["to"]) == at("2026-03-01T00:45:00Z")


def test_two_periods_that_meet_share_nothing_and_lose_nothing(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-03-01T00:00:00Z"), 8)
    middle = "2026-03-01T00:45:00Z"
    parts = (fleet.report(end=middle), fleet.report(start=middle))
    assert sum(int(part["totals"]["energy_uj"]) for part in parts) == 8_000_000


def test_an_empty_period_has_no_rows_and_makes_no_figures_up(
    steady: Steady,
) -> None:
    fleet = steady(at("2026-03-01T00:00:00Z"), 1)
    report = fleet.report(group_by="day", start="2026-05-01T00:00:00Z")
    assert report["rows"] == []
    assert report["totals"]["energy_uj"] == "0"
    assert report["totals"]["emissions_kg"] is None
    assert report["totals"]["coverage"] is None
    assert report["totals"]["flags"] == ["no_data"]
