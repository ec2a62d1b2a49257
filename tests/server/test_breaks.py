"""Where nobody watched, the balance says from when to when, how much passed and why."""

from dataclasses import replace
from typing import Any

from fastapi.testclient import TestClient
from tests.builders import START_US, WINDOW_US, Part, Push, Reading, host
from tests.server.conftest import Send
from tests.server.test_balance import ask, of

from joulebook.wire import format_time


def test_time_that_nobody_watched_is_a_break_with_its_energy(
    client: TestClient, send: Send
) -> None:
    before = Reading(parts=[Part(100)], counter_uj=0)
    after = Reading(START_US + 3 * WINDOW_US, parts=[Part(100)], counter_uj=350)
    send(Push([before, after]))
    assert of(ask(client))["breaks"] == [
        {
            "from": format_time(START_US + WINDOW_US),
            "to": format_time(START_US + 3 * WINDOW_US),
            "energy_uj": "250",
            "reason": "nobody watched; the counter tells what passed",
        }
    ]


def test_a_break_without_a_counter_has_no_energy(client: TestClient, send: Send) -> None:
    readings = [Reading(parts=[Part(1)]), Reading(START_US + 3 * WINDOW_US, parts=[Part(1)])]
    send(Push(readings))
    assert [one["energy_uj"] for one in of(ask(client))["breaks"]] == [None]


def test_a_break_is_no_fault(client: TestClient, send: Send) -> None:
    readings = [Reading(parts=[Part(1)]), Reading(START_US + 3 * WINDOW_US, parts=[Part(1)])]
    send(Push(readings))
    assert ask(client)["exact"] is True


def test_a_restart_of_the_host_is_a_break_of_unknown_energy(client: TestClient, send: Send) -> None:
    send(Push([Reading(parts=[Part(100)], counter_uj=900)]))
    after = Reading(START_US + 2 * WINDOW_US, parts=[Part(100)], counter_uj=5_000)
    send(Push([after], seq=2, host=host(boot_id="boot-2")))
    (gap,) = of(ask(client))["breaks"]
    assert (gap["energy_uj"], gap["reason"]) == (None, "the host was restarted in between")


def stepped_back() -> Push:
    before = Reading(parts=[Part(100)], counter_uj=0)
    after = Reading(START_US + WINDOW_US // 2, parts=[Part(70)], counter_uj=100)
    return Push([before, after])


def test_no_energy_is_lost_where_the_wall_clock_was_stepped_back(
    client: TestClient, send: Send
) -> None:
    send(stepped_back())
    balance = ask(client)
    assert (of(balance)["metered_uj"], balance["exact"]) == ("170", True)


def test_a_wall_clock_that_was_stepped_back_is_a_break(client: TestClient, send: Send) -> None:
    send(stepped_back())
    assert [one["reason"] for one in of(ask(client))["breaks"]] == [
        "the wall clock was stepped back"
    ]


def test_a_stepped_clock_is_named_also_where_what_came_later_is_earlier_by_an_hour(
    client: TestClient, send: Send
) -> None:
    send(Push([Reading(parts=[Part(100)], counter_uj=0)], seq=1))
    send(Push([Reading(START_US - 3_600_000_000, parts=[Part(70)], counter_uj=100)], seq=2))
    (gap,) = of(ask(client))["breaks"]
    assert (gap["energy_uj"], gap["reason"]) == (None, "the wall clock was stepped back")


def reason_of_gap(client: TestClient, send: Send, device: int, gap_us: int, moved_uj: int) -> Any:  # noqa: ANN401 - energy and reason
    after_us = START_US + WINDOW_US + gap_us
    before = Reading(parts=[Part(100)], counter_uj=500, device=device)
    after = Reading(after_us, parts=[Part(100)], counter_uj=600 + moved_uj, device=device)
    send(Push([before, after]))
    balance = ask(client)
    (gap,) = next(one for one in balance["devices"] if one["windows"])["breaks"]
    return gap["energy_uj"], gap["reason"]


def test_a_counter_that_may_have_wrapped_tells_no_energy(client: TestClient, send: Send) -> None:
    energy, reason = reason_of_gap(client, send, 1, 61_000_000, 250)
    assert (energy, "may have wrapped" in reason) == (None, True)


def test_a_short_gap_of_a_counter_that_wraps_has_its_energy(client: TestClient, send: Send) -> None:
    assert reason_of_gap(client, send, 1, 59_000_000, 250)[0] == "250"


def test_a_counter_that_was_reset_tells_no_energy(client: TestClient, send: Send) -> None:
    energy, reason = reason_of_gap(client, send, 0, WINDOW_US, -590)
    assert (energy, "reset or wrapped" in reason) == (None, True)


def test_a_clock_set_forward_is_told_from_a_gap(client: TestClient, send: Send) -> None:
    energy, reason = reason_of_gap(client, send, 0, WINDOW_US, 0)
    assert (energy, "set forward" in reason) == ("0", True)


def test_what_passed_unwatched_and_was_told_later_stands_apart(
    client: TestClient, send: Send
) -> None:
    seen = Reading(parts=[Part(100)], counter_uj=0)
    later = Reading(START_US + WINDOW_US, parts=[Part(40, "unknown")], counter_uj=100)
    send(Push([seen, replace(later, observed_us=0)]))
    balance = of(ask(client))
    assert (balance["metered_uj"], balance["recovered_uj"]) == ("140", "40")


def test_a_counter_that_does_not_go_on_is_a_break(client: TestClient, send: Send) -> None:
    before = Reading(parts=[Part(100)], counter_uj=0)
    after = Reading(START_US + WINDOW_US, parts=[Part(100)], counter_uj=130)
    send(Push([before, after]))
    (gap,) = of(ask(client))["breaks"]
    told = (gap["energy_uj"], gap["reason"])
    assert told == ("30", "the counter does not go on where it stood")


def test_where_power_takes_over_from_a_counter_nothing_is_missing(
    client: TestClient, send: Send
) -> None:
    before = Reading(parts=[Part(100)], counter_uj=0)
    after = Reading(START_US + WINDOW_US, parts=[Part(100)], method="integrated")
    send(Push([before, after]))
    assert of(ask(client))["breaks"] == []
