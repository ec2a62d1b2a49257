"""Totals are the sum of the rows, to the microjoule, whatever the rows are grouped by."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event
from tests.server.reports.fleet import Fleet, Serve, Window, a_job, at

KEYS = [
    *("job", "model", "variant", "project", "user", "host", "device", "component", "bucket"),
    *("kind", "zone", "hour", "day", "month"),
]
COMBINATIONS = [
    *(",".join(pair) for pair in pairwise(KEYS)),
    "model,variant,kind",
    "host,device,bucket,day",
    "job,hour,zone",
    ",".join(KEYS),
]


def energies(report: dict[str, Any]) -> list[int]:
    return [int(row["energy_uj"]) for row in report["rows"]]


@pytest.fixture
def metered(mixed: Fleet) -> int:
    """Energy of all windows that count, µJ, as the balance tells it."""
    balance = mixed.client.send("GET", "/v1/ledger/balance").json()
    assert balance["exact"]
    return sum(int(device["metered_uj"]) for device in balance["devices"])


@pytest.mark.parametrize("group_by", ["", *KEYS, *COMBINATIONS])
def test_rows_sum_to_the_total_and_the_total_is_what_was_metered(
    mixed: Fleet, metered: int, group_by: str
) -> None:
    report = mixed.report(group_by=group_by, tz="Europe/Berlin")
    assert sum(energies(report)) == int(report["totals"]["energy_uj"]) == metered


@pytest.mark.parametrize("group_by", [*KEYS, *COMBINATIONS])
def test_no_two_rows_have_the_same_keys(mixed: Fleet, group_by: str) -> None:
    rows = mixed.report(group_by=group_by)["rows"]
    names = group_by.split(",")
    assert len({tuple(row[name] for name in names) for row in rows}) == len(rows)


@pytest.mark.parametrize("key", ["model", "variant", "project", "kind", "component", "bucket"])
def test_the_roll_up_and_the_ledger_tell_the_same(mixed: Fleet, key: str) -> None:
    from_ledger: dict[str | None, int] = {}
    for row in mixed.report(group_by=f"{key},device")["rows"]:  # the roll-up knows no devices
        from_ledger[row[key]] = from_ledger.get(row[key], 0) + int(row["energy_uj"])
    rolled_up = {row[key]: int(row["energy_uj"]) for row in mixed.report(group_by=key)["rows"]}
    assert rolled_up == from_ledger


@pytest.mark.parametrize("key", ["model", "host", "bucket", "component", "user", "zone"])
def test_filters_for_each_value_of_a_key_part_the_total(mixed: Fleet, key: str) -> None:
    whole = mixed.report(group_by=key)
    for row in whole["rows"]:
        part = mixed.report(filter=f"{key}:{row[key] or ''}")
        assert part["totals"]["energy_uj"] == row["energy_uj"]


def test_several_filters_must_all_match(mixed: Fleet) -> None:
    both = mixed.report(filter=["host:north", "bucket:idle"])["totals"]
    rows = mixed.report(group_by="host,bucket")["rows"]
    wanted = [row for row in rows if (row["host"], row["bucket"]) == ("north", "idle")]
    assert [row["energy_uj"] for row in wanted] == [both["energy_uj"]]


def test_a_value_with_a_colon_or_a_slash_can_be_filtered(mixed: Fleet) -> None:
    assert energies(mixed.report(filter="device:north/gpu:0"))[0] > 0
    assert energies(mixed.report(filter="model:n/x"))[0] > 0


def test_energy_beyond_what_a_json_number_keeps_is_exact(
    serve: Serve,
) -> None:
    fleet, most = serve(), 2**53 - 1
    start = at("2026-03-01T00:00:00Z")
    count = 1_100  # 2^53 times 1100 is more than 64 bits hold
    for first in range(0, count, 50):
        fleet.push(
            [
                Window(start + second * 10_000_000, {("idle", ""): most})
                for second in range(first, first + 50)
            ]
        )
    report = fleet.report(group_by="component")
    assert report["totals"]["energy_uj"] == str(count * most)
    assert report["totals"]["energy_uj"] == report["rows"][0]["energy_uj"]


def test_reports_never_scan_readings(mixed: Fleet) -> None:
    statements: list[str] = []
    listener = lambda *arguments: statements.append(arguments[2])  # noqa: E731 - kept to remove it
    event.listen(mixed.store.engine, "before_cursor_execute", listener)
    mixed.report(group_by=",".join(KEYS))
    mixed.report(group_by="model")
    event.remove(mixed.store.engine, "before_cursor_execute", listener)
    asked = " ".join(statements)
    assert "FROM ledger" in asked
    assert "FROM rollup" in asked
    assert "meters" not in asked
    assert "parts" not in asked


def test_a_batch_sent_again_changes_no_report(
    serve: Serve,
) -> None:
    fleet, start = serve(zone="FR"), at("2026-03-01T00:00:00Z")
    runs = [a_job("run:1", start, 10, model="m", work={"samples": 5.0})]
    windows = [Window(start, {("job", "run:1"): 5_000, ("idle", ""): 1})]
    fleet.push(windows, runs)
    before = fleet.report(group_by="model,bucket")
    fleet.numbers.clear()  # the same batch under the same number
    fleet.push(windows, runs)
    assert fleet.report(group_by="model,bucket") == before


def test_the_same_report_comes_out_to_the_last_digit(mixed: Fleet) -> None:
    asked = {"group_by": "model,host", "tz": "Europe/Berlin"}
    assert mixed.report(**asked) == mixed.report(**asked)


def test_what_no_sensor_read_is_named_as_not_covered(
    serve: Serve,
) -> None:
    fleet = serve()
    fleet.push([Window(at("2026-03-01T00:00:00Z"), {("idle", ""): 5})])
    report = fleet.report()
    assert report["covers"] == ["GPU"]
    assert {"CPU package", "DRAM", "fans", "network cards"} <= set(report["does_not_cover"])
