"""What is live changes without a reload."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.hours import devices, now_us
from tests.browser.server import Server, serving
from tests.builders import WINDOW_US, JobSpec, Part, Push, Reading, agent, host

#: Longer than two looks of the page, which come every 5 s.
PATIENCE_MS = 30_000
WATTS = 123


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, to be written to."""
    with serving(tmp_path_factory.mktemp("live")) as started:
        yield started


def _windows(*uids: str) -> Iterator[Push]:
    """One window of one device at `WATTS` for each of these jobs; the last has just ended."""
    first_us = now_us(WINDOW_US) - len(uids) * WINDOW_US
    for seq, uid in enumerate(uids):
        start_us = first_us + seq * WINDOW_US
        yield Push(
            readings=[Reading(start_us, parts=[Part(WATTS * WINDOW_US, "job", 0)])],
            jobs=[JobSpec(uid, start_us=start_us, end_us=None)],
            seq=seq,
            agent=agent("agent-live"),
            host=host("sim-live"),
            devices=devices("sim-live"),
        )


def test_power_now_appears_on_the_overview_without_a_reload(
    open_page: Open, server: Server
) -> None:
    watched = open_page(server, "/")
    assert watched.page.locator("[data-figure='power']").first.get_attribute("data-value") is None
    watched.page.evaluate("window.untouched = true")
    server.push(_windows("run:new"))
    power = watched.page.locator(f"[data-figure='power'][data-value='{WATTS * 1000}']").first
    expect(power).to_be_visible(timeout=PATIENCE_MS)
    assert watched.page.evaluate("window.untouched")
    assert watched.complaints == []


def test_a_new_job_appears_in_the_list_without_a_reload(open_page: Open, server: Server) -> None:
    old, new = _windows("run:old", "run:new")
    server.push([old])
    watched = open_page(server, "/jobs")
    watched.page.evaluate("window.untouched = true")
    server.push([new])
    expect(watched.page.locator("tr[data-row='run:new']")).to_be_visible(timeout=PATIENCE_MS)
    assert watched.page.evaluate("window.untouched")
    assert watched.complaints == []
