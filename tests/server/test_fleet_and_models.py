"""`/v1/hosts`, `/v1/devices`, `/v1/models`: the same energy as the reports, by other doors."""

from dataclasses import replace
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from tests.builders import (
    NOW_US,
    WINDOW_US,
    JobSpec,
    Part,
    Push,
    Reading,
    cpu,
    gpu,
    host,
    wall_meter,
)
from tests.server.conftest import Send

from joulebook.core.units import QUARTER_US
from joulebook.wire import format_time

START_US = NOW_US - 2 * WINDOW_US
MODEL = "org/a?b"


@pytest.fixture
def two_variants(send: Send, client: TestClient) -> TestClient:
    """Two variants in inference, one of them also trained; 30 and 10 J, and 5 J of training."""
    jobs = [
        JobSpec("run:f", 0, model=MODEL, variant="float32", kind="inference", work={"samples": 10}),
        JobSpec("run:i", 1, model=MODEL, variant="int8", kind="inference", work={"samples": 10}),
        JobSpec("run:t", 2, model=MODEL, variant="float32", quality={"accuracy": 0.9}),
    ]
    timed = [replace(job, start_us=START_US, end_us=NOW_US) for job in jobs]
    energies = (30_000_000, 10_000_000, 5_000_000)
    parts = [Part(energy, "job", ref) for ref, energy in enumerate(energies)]
    idle = Reading(START_US + WINDOW_US, parts=[Part(7_000_000)])
    send(Push([Reading(START_US, parts=parts), idle], timed))
    return client


def test_a_model_has_the_energy_of_its_row_in_the_report(two_variants: TestClient) -> None:
    (model,) = two_variants.get("/v1/models").json()["models"]
    rows = two_variants.get("/v1/reports?group_by=model").json()["rows"]
    (row,) = [row for row in rows if row["model"] == MODEL]
    assert model["energy_uj"] == row["energy_uj"] == "45000000"
    assert (model["variants"], model["jobs"]) == (["float32", "int8"], 3)


def test_variants_stand_side_by_side_by_kind_with_their_rates(two_variants: TestClient) -> None:
    path = f"/v1/models/{quote(MODEL, safe='')}/variants"
    variants = two_variants.get(path).json()["variants"]
    told = [(one["kind"], one["variant"], one["energy_uj"], one["jobs"]) for one in variants]
    assert told == [
        ("inference", "float32", "30000000", ["run:f"]),
        ("inference", "int8", "10000000", ["run:i"]),
        ("training", "float32", "5000000", ["run:t"]),
    ]
    assert variants[0]["energy_per_work_j"] == {"samples": 3.0}
    assert variants[0]["quality"] == {"accuracy": 0.9}  # told by its training


def test_a_model_that_no_job_named_is_not_found(two_variants: TestClient) -> None:
    answer = two_variants.get("/v1/models/none/such/variants")
    assert (answer.status_code, answer.json()["title"]) == (404, "No such model")


def test_a_model_without_energy_in_the_period_has_no_variants(two_variants: TestClient) -> None:
    path = f"/v1/models/{quote(MODEL, safe='')}/variants"
    answer = two_variants.get(path, params={"to": "2020-01-01T00:00:00Z"})
    assert answer.json()["variants"] == []


def test_a_live_host_tells_its_power_and_who_reports(two_variants: TestClient) -> None:
    (one,) = two_variants.get("/v1/hosts").json()["hosts"]
    assert (one["name"], one["live"], one["power_mw"]) == ("host-1", True, 700)
    assert one["reporter"] == {"role": "agent", "version": "0.1.0"}
    assert one["energy_24h_uj"] == {"idle": "7000000", "job": "45000000"}


def test_a_device_that_cannot_be_read_tells_why_and_no_figure(
    send: Send, client: TestClient
) -> None:
    broken = replace(cpu(), problem="permission denied")
    send(Push([Reading(START_US, parts=[Part(1)])], devices=[gpu(), broken]))
    devices = {one["uid"]: one for one in client.get("/v1/devices").json()["devices"]}
    silent = devices["cpu:host-1:package-0"]
    assert (silent["problem"], silent["power_mw"], silent["method"]) == (
        "permission denied",
        None,
        None,
    )
    assert (silent["total_24h_uj"], silent["energy_24h_uj"]) == (None, {})


def test_a_meter_around_devices_tells_its_own_figures_and_adds_to_nothing(
    send: Send, client: TestClient
) -> None:
    readings = [
        Reading(START_US + WINDOW_US, parts=[Part(7_000_000)]),
        Reading(START_US + WINDOW_US, device=1, energy_uj=20_000_000),
    ]
    send(Push(readings, devices=[gpu(), replace(wall_meter(), ref=1)]))
    (one,) = client.get("/v1/hosts").json()["hosts"]
    assert (one["power_mw"], one["energy_24h_uj"]) == (700, {"idle": "7000000"})
    devices = client.get("/v1/devices").json()["devices"]
    (wall,) = [device for device in devices if not device["additive"]]
    assert wall["power_mw"] == 2000
    assert (wall["total_24h_uj"], wall["energy_24h_uj"]) == ("20000000", {})


def test_the_last_24_hours_are_those_of_the_reports(send: Send, client: TestClient) -> None:
    end_us = NOW_US // QUARTER_US * QUARTER_US + QUARTER_US
    from_us = end_us - 96 * QUARTER_US
    before, first, last = from_us - WINDOW_US, from_us, NOW_US - WINDOW_US
    send(Push([Reading(start_us, parts=[Part(1_000_000)]) for start_us in (before, first, last)]))
    (one,) = client.get("/v1/hosts").json()["hosts"]
    period = {"from": format_time(from_us), "to": format_time(end_us)}
    totals = client.get("/v1/reports", params=period).json()["totals"]
    assert one["energy_24h_uj"] == {"idle": totals["energy_uj"]} == {"idle": "2000000"}


def test_a_host_that_was_silent_for_long_is_not_live(send: Send, client: TestClient) -> None:
    send(Push([Reading(parts=[Part(1)])], host=host("host-2")))
    (one,) = client.get("/v1/hosts").json()["hosts"]
    assert (one["live"], one["power_mw"]) == (False, None)
