"""Power over time and now: from energy that was metered, never from a guess."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import (
    NOW_US,
    START_US,
    WINDOW_US,
    JobSpec,
    Part,
    Push,
    Reading,
    cpu,
    gpu,
    wall_meter,
)
from tests.server.conftest import Send

from joulebook.core.units import QUARTER_US
from joulebook.wire import format_time
from joulebook_server.services.power import LIVE_US, series_of
from joulebook_server.store.power import Stretch

WATTS_300 = 300 * WINDOW_US  # 300 W over a window, µJ


def windows(
    count: int, start_us: int = START_US, *, skip: int = -1, part: Part | None = None
) -> list[Reading]:
    return [
        Reading(start_us + index * WINDOW_US, parts=[part or Part(WATTS_300)])
        for index in range(count)
        if index != skip
    ]


def power(client: TestClient, start_us: int, end_us: int, by: str = "bucket") -> dict[str, Any]:
    period = {"from": format_time(start_us), "to": format_time(end_us), "by": by}
    answer = client.get("/v1/power", params=period)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_energy_over_a_window_is_its_mean_power(send: Send, client: TestClient) -> None:
    send(Push(windows(6)))
    told = power(client, START_US, START_US + 6 * WINDOW_US)
    assert set(told["power_mw"]["idle"]) == {300_000}


def test_time_without_a_reading_is_a_gap_and_not_0(send: Send, client: TestClient) -> None:
    send(Push(windows(6, skip=2)))
    told = power(client, START_US, START_US + 6 * WINDOW_US)
    by_time = dict(zip(told["times_us"], told["power_mw"]["idle"], strict=True))
    assert by_time[START_US + 2 * WINDOW_US] is None
    assert by_time[START_US + 3 * WINDOW_US] == 300_000


def test_a_gap_of_one_device_among_others_is_counted(send: Send, client: TestClient) -> None:
    others = [replace(one, device=1) for one in windows(6)]
    send(Push([*windows(6, skip=2), *others], devices=[gpu(), cpu()]))
    told = power(client, START_US, START_US + 6 * WINDOW_US)
    unread = {
        time_us
        for time_us, count in zip(told["times_us"], told["unread_devices"], strict=True)
        if count == 1
    }
    gap_us = START_US + 2 * WINDOW_US
    assert unread == {one for one in told["times_us"] if gap_us <= one < gap_us + WINDOW_US}


def test_a_device_that_came_late_or_went_early_is_no_gap(send: Send, client: TestClient) -> None:
    late = [replace(one, device=1) for one in windows(2, START_US + 2 * WINDOW_US)]
    send(Push([*windows(6), *late], devices=[gpu(), cpu()]))
    told = power(client, START_US, START_US + 6 * WINDOW_US)
    assert set(told["unread_devices"]) == {0}


def test_a_sampled_device_that_was_half_unread_does_not_draw_half(
    send: Send, client: TestClient
) -> None:
    sampled = [replace(one, method="integrated", counter_uj=None) for one in windows(90)]
    kept = [*sampled[:30], *sampled[75:]]
    send(Push(kept))
    told = power(client, START_US - 40 * QUARTER_US, START_US + 40 * QUARTER_US)
    assert [value for value in told["power_mw"]["idle"] if value is not None] == [300_000]


def test_a_bucket_that_rests_while_others_work_draws_nothing(
    send: Send, client: TestClient
) -> None:
    busy = Reading(parts=[Part(WATTS_300, "job", 0)])
    idle = Reading(START_US + WINDOW_US, parts=[Part(WATTS_300)])
    send(Push([busy, idle], [JobSpec()]))
    told = power(client, START_US, START_US + 2 * WINDOW_US)["power_mw"]
    half = len(told["job"]) // 2
    assert set(told["job"][:half]) == {300_000}
    assert set(told["job"][half:]) == {0}


def test_devices_add_up_and_a_meter_around_them_does_not(send: Send, client: TestClient) -> None:
    readings = [
        Reading(parts=[Part(WATTS_300)]),
        Reading(parts=[Part(WATTS_300)], device=1),
        Reading(device=2, energy_uj=3 * WATTS_300),
    ]
    send(Push(readings, devices=[gpu(), cpu(), wall_meter()]))
    told = power(client, START_US, START_US + WINDOW_US)
    assert set(told["power_mw"]["idle"]) == {600_000}
    by_device = power(client, START_US, START_US + WINDOW_US, "device")["devices"]
    assert {one["device"] for one in by_device} == {"GPU-1", "cpu:host-1:package-0"}


def test_a_long_period_comes_from_the_ledger_and_says_the_same(
    send: Send, client: TestClient
) -> None:
    send(Push(windows(90)))  # a whole quarter hour
    told = power(client, START_US - 40 * QUARTER_US, START_US + 40 * QUARTER_US)
    values = told["power_mw"]["idle"]
    assert [value for value in values if value is not None] == [300_000]


def test_a_jobs_series_holds_its_own_power_alone(send: Send, client: TestClient) -> None:
    parts = [Part(WATTS_300 // 3, "job", 0), Part(2 * WATTS_300 // 3)]
    end_us = START_US + 6 * WINDOW_US
    readings = [Reading(START_US + n * WINDOW_US, parts=parts) for n in range(6)]
    send(Push(readings, [JobSpec(uid="k8s:a/b?c#d", end_us=end_us)]))
    told = client.get("/v1/jobs/k8s:a%2Fb%3Fc%23d/series").json()
    (device,) = told["devices"]
    assert set(device["power_mw"]) == {"job"}
    assert set(device["power_mw"]["job"]) == {100_000}


def test_the_series_of_no_job_is_not_found(client: TestClient) -> None:
    answer = client.get("/v1/jobs/run:none/series")
    assert (answer.status_code, answer.json()["title"]) == (404, "No such job")


def test_power_now_is_that_of_the_latest_window_of_each_live_device(
    send: Send, client: TestClient
) -> None:
    start_us = NOW_US - 2 * WINDOW_US
    send(
        Push([*windows(1, start_us), *windows(1, start_us + WINDOW_US, part=Part(WATTS_300 // 2))])
    )
    told = client.get("/v1/power").json()
    assert told["now_mw"] == 150_000
    assert told["now_methods"] == {"counter": 1.0}


def test_a_device_that_was_silent_for_a_minute_is_not_live(send: Send, client: TestClient) -> None:
    send(Push(windows(1, NOW_US - LIVE_US - 2 * WINDOW_US)))
    assert client.get("/v1/power").json()["now_mw"] is None


@pytest.mark.parametrize(
    ("start", "end"), [("yesterday", ""), ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")]
)
def test_a_period_that_is_none_is_refused(client: TestClient, start: str, end: str) -> None:
    answer = client.get("/v1/power", params={"from": start, **({"to": end} if end else {})})
    assert answer.status_code == 400
    assert answer.json()["path"] in {"from", "to"}


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=12), st.integers(1, 240))
def test_the_energy_under_the_series_is_what_was_metered(energies: list[int], steps: int) -> None:
    stretches = [
        Stretch(
            host="h",
            device="d",
            start_us=n * WINDOW_US,
            end_us=(n + 1) * WINDOW_US,
            bucket="idle",
            job="",
            energy_uj=energy,
            method="counter",
            watched_us=WINDOW_US,
        )
        for n, energy in enumerate(energies)
    ]
    period = (0, len(energies) * WINDOW_US)
    made = series_of(stretches, period, steps, lambda one: one.bucket)
    under = sum(
        (power or 0) * min(made.step_us, period[1] - time_us)
        for time_us, power in zip(made.times_us, made.series["idle"], strict=True)
    )
    # Rounding down once per step: at most 1 mW over its length, and 1 µJ per stretch and step.
    slack = len(made.times_us) * (made.step_us + 1_000 * (len(energies) + 1))
    assert 0 <= sum(energies) * 1_000 - under <= slack
