"""Energy that another tool told: shown with its method, outside the balance, and of no presence."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.builders import START_US, WINDOW_US, JobSpec, Part, Push, Reading, gpu, host, tracker
from tests.server.conftest import Send
from tests.server.meddling import meddle

from joulebook.wire import Device, format_time

IMPORTED = host("external:phone")


def phone() -> Device:
    return Device(0, "phone", "other", "other", additive=True, name="A phone", vendor="unknown")


def told(*starts_us: int) -> Push:
    """A minute's job on a phone, 6 J in each of some windows."""
    readings = [
        Reading(start_us, parts=[Part(6_000_000, "job", 0)], method="external")
        for start_us in starts_us
    ]
    spec = JobSpec(start_us=starts_us[0], end_us=starts_us[-1] + WINDOW_US)
    return Push(readings, [spec], agent=tracker("importer"), host=IMPORTED, devices=[phone()])


def measured() -> Push:
    """A minute of a GPU that nobody used, 10 J a window, without a gap."""
    readings = [
        Reading(START_US + at * WINDOW_US, parts=[Part(10_000_000)], counter_uj=at * 10_000_000)
        for at in range(6)
    ]
    return Push(readings, devices=[gpu()])


def asked(client: TestClient, path: str, **parameters: str) -> dict[str, Any]:
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


@pytest.fixture
def both(send: Send) -> None:
    """A measured GPU, and a phone of which somebody told two windows."""
    send(measured())
    send(told(START_US, START_US + 5 * WINDOW_US))


@pytest.mark.usefixtures("both")
def test_the_balance_counts_what_was_measured_and_tells_the_rest_beside(
    client: TestClient,
) -> None:
    balance = asked(client, "/v1/ledger/balance")
    of = {one["device"]: one for one in balance["devices"]}
    assert balance["exact"] is True
    names = ("metered_uj", "external_uj", "difference_uj", "windows", "claims", "breaks")
    assert [of["phone"][name] for name in names] == ["0", "12000000", "0", 0, 0, []]
    assert [of["GPU-1"][name] for name in names] == ["60000000", "0", "0", 6, 0, []]
    assert (of["phone"]["parts_uj"], of["GPU-1"]["parts_uj"]) == ({}, {"idle": "60000000"})


def test_within_one_device_what_was_told_is_no_part_of_the_balance(
    client: TestClient, send: Send
) -> None:
    send(measured())
    later = Reading(START_US + 9 * WINDOW_US, parts=[Part(7)], method="external")
    send(Push([later], agent=tracker(), devices=[gpu()]))
    (device,) = asked(client, "/v1/ledger/balance")["devices"]
    assert (device["metered_uj"], device["external_uj"], device["windows"]) == ("60000000", "7", 6)
    assert (device["parts_uj"], device["breaks"]) == ({"idle": "60000000"}, [])


@pytest.mark.usefixtures("both")
def test_meddling_with_what_was_told_is_named_as_well(client: TestClient, database: Path) -> None:
    meddle(database, "DELETE FROM readings WHERE host_id LIKE 'external:%'")
    balance = asked(client, "/v1/ledger/balance")
    (of_phone,) = [one for one in balance["devices"] if one["device"] == "phone"]
    assert (balance["exact"], of_phone["faults"][0]["start"]) == (False, format_time(START_US))


@pytest.mark.usefixtures("both")
def test_reports_show_it_with_its_method(client: TestClient) -> None:
    rows = asked(client, "/v1/reports", group_by="job")["rows"]
    of = {row["job"]: row for row in rows}
    assert (of["run:1"]["energy_uj"], of["run:1"]["methods"]) == ("12000000", {"external": 1.0})
    assert of[None]["methods"] == {"counter": 1.0}


@pytest.mark.usefixtures("both")
def test_the_coverage_of_a_job_is_that_of_its_span(client: TestClient) -> None:
    (job,) = asked(client, "/v1/jobs")["jobs"]
    assert job["coverage"] == pytest.approx(2 / 6)


@pytest.mark.usefixtures("both")
def test_time_between_imported_readings_lowers_no_coverage(client: TestClient) -> None:
    assert asked(client, "/v1/reports")["totals"]["coverage"] == 1.0
    rows = asked(client, "/v1/reports", group_by="host")["rows"]
    assert {row["host"]: row["coverage"] for row in rows} == {
        "host-1": 1.0,
        "external:phone": pytest.approx(2 / 6),  # of its job
    }


@pytest.mark.usefixtures("both")
def test_a_device_of_which_others_tell_is_never_unread(client: TestClient) -> None:
    period = {"from": format_time(START_US), "to": format_time(START_US + 6 * WINDOW_US)}
    told_power = asked(client, "/v1/power", by="bucket", **period)
    assert set(told_power["unread_devices"]) == {0}
    assert told_power["power_mw"]["job"][0] == 600
