"""Every joule adds up, and where somebody meddled, device and time are named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.builders import START_US, WINDOW_US, JobSpec, Part, Push, Reading, gpu, tracker
from tests.server.conftest import Send
from tests.server.meddling import (
    Tree,
    meddle,
    moved_part,
    of_meter,
    of_part,
    tamper,
    without_last_window,
    without_part,
)

from joulebook.core.units import QUARTER_US
from joulebook.wire import format_time

START = format_time(START_US)
SECOND = format_time(START_US + WINDOW_US)

Balance = dict[str, Any]


def ask(client: TestClient, **period: str) -> Balance:
    balance: Balance = client.get("/v1/ledger/balance", params=period).json()
    return balance


def of(balance: Balance, device: str = "GPU-1") -> Balance:
    """What the balance says of one device."""
    return next(one for one in balance["devices"] if one["device"] == device)


def two_windows(**more: Any) -> Push:  # noqa: ANN401 - fields of Push
    """Two windows of one GPU, 10 J and 20 J by its counter, half of it a job's."""
    first = Reading(parts=[Part(5_000_000, "job", 0), Part(5_000_000)], counter_uj=1_000)
    second = Reading(
        START_US + WINDOW_US,
        parts=[Part(10_000_000, "job", 0), Part(10_000_000, "system")],
        counter_uj=1_000 + first.total_uj,
    )
    return Push([first, second], [JobSpec()], devices=[gpu()], **more)


def test_an_empty_ledger_is_exact(client: TestClient) -> None:
    assert ask(client) == {"exact": True, "devices": []}


def test_what_was_metered_is_what_was_booked(client: TestClient, send: Send) -> None:
    send(two_windows())
    balance = of(ask(client))
    assert (balance["metered_uj"], balance["difference_uj"]) == ("30000000", "0")


def test_the_parts_are_told_by_bucket(client: TestClient, send: Send) -> None:
    send(two_windows())
    assert of(ask(client))["parts_uj"] == {
        "idle": "5000000",
        "job": "15000000",
        "system": "10000000",
    }


def test_windows_that_meet_leave_no_break(client: TestClient, send: Send) -> None:
    send(two_windows())
    assert of(ask(client))["breaks"] == []


def test_a_claim_adds_nothing(client: TestClient, send: Send) -> None:
    send(two_windows())
    claim = Reading(START_US + WINDOW_US // 2, parts=[Part(7, "job", 0)])
    send(Push([claim], [JobSpec("run:2")], agent=tracker(), devices=[gpu()]))
    balance = of(ask(client))
    assert (balance["metered_uj"], balance["windows"], balance["claims"]) == ("30000000", 2, 1)


def test_a_meter_that_contains_others_is_told_and_not_booked(
    client: TestClient, send: Send
) -> None:
    send(Push([Reading(device=2, energy_uj=500)]))
    balance = ask(client)
    wall = of(balance, "host:host-1")
    told = (balance["exact"], wall["additive"], wall["metered_uj"], wall["parts_uj"])
    assert told == (True, False, "500", {})


def test_a_period_holds_the_quarter_hours_that_start_in_it(client: TestClient, send: Send) -> None:
    later = Reading(START_US + QUARTER_US, parts=[Part(7)])
    send(Push([*two_windows().readings, later], [JobSpec()]))
    balance = ask(client, **{"from": format_time(START_US + QUARTER_US)})
    assert of(balance)["metered_uj"] == "7"


TAMPERING: dict[str, tuple[Callable[[Tree], None], str]] = {
    "a part that was raised": (of_part("idle", lambda energy: energy + 1), START),
    "a part that was lowered": (of_part("system", lambda energy: energy - 1), SECOND),
    "a part that was deleted": (without_part("system"), SECOND),
    "a part of another bucket": (moved_part("system", "idle"), START),
    "a window that was deleted": (without_last_window, START),
    "a window that was raised": (of_meter("energy_uj", 0, 1), START),
    "a counter that was moved": (of_meter("counter_end_uj", 1, 1), SECOND),
}
MEDDLING = {
    "a ledger row that was raised": (
        "UPDATE ledger SET energy_uj = energy_uj + 1 WHERE bucket = 'job'",
        START,
    ),
    "a ledger row that was deleted": ("DELETE FROM ledger WHERE bucket = 'idle'", START),
    "a ledger row of another job": ("UPDATE ledger SET job_uid = 'x' WHERE bucket = 'job'", START),
    "what the meters came to": ("UPDATE presence SET energy_uj = energy_uj - 1", START),
    "all readings that are gone": ("DELETE FROM readings", START),
}


@pytest.mark.parametrize(("change", "start"), TAMPERING.values(), ids=TAMPERING.keys())
def test_a_reading_that_was_changed_is_named_with_device_and_time(
    client: TestClient, send: Send, database: Path, change: Callable[[Tree], None], start: str
) -> None:
    send(two_windows())
    tamper(database, change)
    balance = ask(client)
    named = {(fault["device"], fault["start"]) for fault in of(balance)["faults"]}
    assert (balance["exact"], ("GPU-1", start) in named) == (False, True)


@pytest.mark.parametrize(("statement", "start"), MEDDLING.values(), ids=MEDDLING.keys())
def test_meddling_is_named_with_device_and_time(
    client: TestClient, send: Send, database: Path, statement: str, start: str
) -> None:
    send(two_windows())
    meddle(database, statement)
    balance = ask(client)
    named = {(fault["device"], fault["start"]) for fault in of(balance)["faults"]}
    assert (balance["exact"], ("GPU-1", start) in named) == (False, True)


def test_a_fault_says_what_is_wrong(client: TestClient, send: Send, database: Path) -> None:
    send(two_windows())
    tamper(database, of_part("system", lambda energy: energy + 1))
    reasons = [fault["reason"] for fault in of(ask(client))["faults"]]
    assert "its parts sum to 20000001 µJ, not 20000000 µJ" in reasons


BAD_PERIODS = [
    ({"from": "yesterday"}, "from"),
    ({"to": "2026-11-23"}, "to"),
    ({"from": "2026-11-23T10:00:00"}, "from"),
    ({"from": "2026-11-23T10:00:00Z", "to": "2026-11-22T10:00:00Z"}, "to"),
]


@pytest.mark.parametrize(("period", "path"), BAD_PERIODS)
def test_a_period_that_cannot_be_is_refused(
    client: TestClient, period: dict[str, str], path: str
) -> None:
    answer = client.get("/v1/ledger/balance", params=period)
    assert (answer.status_code, answer.json()["path"]) == (400, path)


@pytest.mark.parametrize("edge", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
@pytest.mark.parametrize("path", ["/v1/ledger/balance", "/v1/reports"])
def test_the_ends_of_the_calendar_are_answered(client: TestClient, path: str, edge: str) -> None:
    for period in ({"from": edge}, {"to": edge}):
        assert client.get(path, params=period).status_code == 200
