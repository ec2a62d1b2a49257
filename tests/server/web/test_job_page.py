"""The page of one job: its end, its family, its emissions."""

import re

import pytest
from fastapi.testclient import TestClient
from tests.builders import NOW_US, WINDOW_US, JobSpec, Part, Push, Reading, host
from tests.server.conftest import Send

CHILDREN = 60
SILENCE_US = 3_600_000_000


def ran(end_us: int | None, last_us: int) -> Push:
    """One job, measured until `last_us`."""
    start_us = last_us - WINDOW_US
    job = JobSpec(start_us=start_us, end_us=end_us)
    return Push([Reading(start_us, parts=[Part(4_000_000, "job", 0)])], [job])


def test_a_job_that_is_measured_runs(client: TestClient, send: Send) -> None:
    send(ran(None, NOW_US))
    assert re.search(r">running<", client.get("/jobs/run:1").text)


@pytest.mark.parametrize("path", ["/jobs/run:1", "/jobs"])
def test_a_job_of_which_nobody_heard_for_long_is_not_said_to_run(
    client: TestClient, send: Send, path: str
) -> None:
    send(ran(None, NOW_US - SILENCE_US))
    page = client.get(path).text
    assert "running" not in page
    assert "its end was never told" in page
    assert "last measured" in page


def test_the_length_of_a_silent_job_stops_where_it_was_last_measured(
    client: TestClient, send: Send
) -> None:
    send(ran(None, NOW_US - SILENCE_US))
    assert '<p class="value">10.0\u2009s</p>' in client.get("/jobs/run:1").text


def test_the_page_of_an_ended_job_asks_no_more(client: TestClient, send: Send) -> None:
    send(ran(NOW_US, NOW_US))
    assert 'id="live"' not in client.get("/jobs/run:1").text


def test_a_parent_that_nobody_reported_is_named_without_a_link(
    client: TestClient, send: Send
) -> None:
    send(Push([Reading(parts=[Part(1, "job", 0)])], [JobSpec(parent="slurm:7")]))
    page = client.get("/jobs/run:1").text
    assert "slurm:7" in page
    assert "/jobs/slurm" not in page


def test_the_emissions_of_a_large_family_are_all_of_its_members(
    client: TestClient, send: Send
) -> None:
    specs = [JobSpec(f"run:{ref}", ref, parent="run:0" if ref else None) for ref in range(CHILDREN)]
    parts = [Part(1_000_000_000, "job", spec.ref) for spec in specs]
    send(Push([Reading(parts=parts)], specs, host=host(zone="FR")))
    page = client.get("/jobs/run:0").text
    told = re.search(r'data-figure="emissions" data-value="([^"]+)"', page)
    total = client.get("/v1/reports").json()["totals"]["emissions_kg"]
    assert total is not None
    assert told is not None
    assert float(told[1]) == pytest.approx(total, rel=1e-9)
