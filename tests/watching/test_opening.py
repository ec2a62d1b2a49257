"""The pages of a station with a real spool."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.watching.conftest import SECOND, booked, get, job

from joulebook.clock import ManualClock
from joulebook.metering.assemble import Entry
from joulebook.metering.station import Station, open_station
from joulebook.settings import load
from joulebook.shipping.shipper import Shipped
from joulebook.watching.health import Vitals
from joulebook.watching.opening import open_page
from joulebook.watching.page import Page
from joulebook.watching.waiting import AGAIN_US, Waiting, seldom
from joulebook.watching.watched import Watched

WINDOW_US = 10 * SECOND


@pytest.fixture
def station(tmp_path: Path, clock: ManualClock) -> Iterator[Station]:
    """Nothing can be measured here: an empty tree stands for sysfs."""
    settings = replace(load({}, environ={"HOME": str(tmp_path)}), state_dir=tmp_path / "state")
    settings = replace(settings, sysfs_root=tmp_path, cgroupfs_root=tmp_path)
    station = open_station(settings, clock, "agent", 1.0)
    yield station
    station.rig.close()
    station.outbox.spool.close()


@pytest.fixture
def page(station: Station, watched: Watched, clock: ManualClock) -> Iterator[Page]:
    page = open_page("127.0.0.1:0", watched, station, Vitals(lambda: WINDOW_US), clock)
    page.start()
    yield page
    page.stop()


def keep(station: Station, watched: Watched) -> None:
    """One window, as a session books and keeps it."""
    (sensor, *_) = station.rig.found
    one = booked(sensor.uid or "", {("job", "run:1"): 1_000_000})
    watched.take([one], [job()], {}, station.rig.found)
    station.outbox.put(Entry([one], [job()]))


def metric(page: Page, name: str) -> float | None:
    lines = get(page, "/metrics").content.splitlines()
    found = [line.rpartition(" ")[2] for line in lines if line.startswith(name)]
    return float(found[0]) if found else None


def test_the_first_page_names_the_others(page: Page) -> None:
    assert "/metrics" in get(page, "/").content
    assert "/healthz" in get(page, "/").content


def test_windows_that_come_and_are_kept_are_healthy(
    page: Page, station: Station, watched: Watched
) -> None:
    keep(station, watched)
    got = get(page, "/healthz")
    assert (got.status, json.loads(got.content)["status"]) == (200, "ok")
    assert got.headers["Content-Type"] == "application/json"


def test_three_windows_of_silence_are_not(
    page: Page, station: Station, watched: Watched, clock: ManualClock
) -> None:
    keep(station, watched)
    clock.advance(3 * WINDOW_US)
    got = get(page, "/healthz")
    assert got.status == 503
    assert "30 s ago" in json.loads(got.content)["problems"][0]


def test_the_spool_is_told_as_it_is_on_the_disk(
    page: Page, station: Station, watched: Watched, clock: ManualClock
) -> None:
    keep(station, watched)
    clock.advance(AGAIN_US)
    assert metric(page, "joulebook_agent_spool_batches ") == 1
    assert metric(page, "joulebook_agent_spool_oldest_seconds ") == AGAIN_US / SECOND
    assert (metric(page, "joulebook_agent_spool_bytes ") or 0) > 0
    station.outbox.spool.quarantine(0, "refused")
    clock.advance(AGAIN_US)
    assert metric(page, "joulebook_agent_spool_batches ") == 0
    assert metric(page, "joulebook_agent_spool_oldest_seconds ") is None
    assert metric(page, "joulebook_agent_quarantined_batches ") == 1


def test_a_spool_that_another_program_owns_is_unhealthy_and_has_no_figures(
    page: Page, station: Station, clock: ManualClock
) -> None:
    path = station.outbox.spool.path
    path.parent.mkdir(exist_ok=True)
    path.mkdir()
    assert metric(page, "joulebook_agent_spool_batches ") is None
    got = get(page, "/healthz")
    assert got.status == 503
    assert "cannot be kept" in json.loads(got.content)["problems"][0]
    path.rmdir()
    clock.advance(AGAIN_US)
    assert get(page, "/healthz").status == 200


def test_without_a_server_nothing_says_whether_it_is_up(page: Page) -> None:
    assert metric(page, "joulebook_agent_server_up ") is None


def test_a_server_that_did_not_answer_is_down(
    page: Page, station: Station, watched: Watched, clock: ManualClock
) -> None:
    from joulebook.shipping.http import HttpSender  # noqa: PLC0415 - slow to load

    station.outbox.sender = HttpSender("http://127.0.0.1:9", None, 1.0, clock=clock)
    assert metric(page, "joulebook_agent_server_up ") is None  # nothing was sent yet
    keep(station, watched)
    station.outbox.ship(60.0)
    clock.advance(AGAIN_US)
    assert metric(page, "joulebook_agent_server_up ") == 0
    station.outbox.last = Shipped(sent=1, refused=0, left=0, problem=None)
    clock.advance(AGAIN_US)
    assert metric(page, "joulebook_agent_server_up ") == 1


def test_a_large_spool_is_not_looked_through_for_every_caller(clock: ManualClock) -> None:
    looks: list[Waiting] = []

    def look() -> Waiting:
        looks.append(Waiting(batches=len(looks)))
        return looks[-1]

    again = seldom(look, clock)
    assert (again().batches, again().batches) == (0, 0)
    clock.advance(AGAIN_US)
    assert again().batches == 1
