"""What is live changes without a reload."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import expect
from tests.browser.conftest import Open
from tests.browser.hours import devices, now_us
from tests.browser.server import Server, serving
from tests.builders import WINDOW_US, JobSpec, Part, Push, Reading, agent, host

#: Longer than two looks of the page, which come every 5 s.
PATIENCE_MS = 30_000
POLL_MS = 5_000
WATTS = 123


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, to be written to."""
    with serving(tmp_path_factory.mktemp("live")) as started:
        yield started


def _windows(*uids: str, ends: bool = False) -> Iterator[Push]:
    """One window at `WATTS` for each of these jobs, each on the next device.

    The last window has just ended; with `ends` its job has ended with it.
    """
    first_us = now_us(WINDOW_US) - len(uids) * WINDOW_US
    for seq, uid in enumerate(uids):
        start_us = first_us + seq * WINDOW_US
        end_us = start_us + WINDOW_US if ends and seq == len(uids) - 1 else None
        booked = [Part(WATTS * WINDOW_US, "job", 0)]
        yield Push(
            readings=[Reading(start_us, parts=booked, device=seq % 2)],
            jobs=[JobSpec(uid, rev=seq, start_us=first_us, end_us=end_us)],
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


def test_a_job_page_shows_its_first_energy_without_a_reload(
    open_page: Open, server: Server
) -> None:
    (push,) = _windows("run:new")
    server.push([replace(push, readings=[replace(push.readings[0], parts=[Part(1)])], seq=7)])
    watched = open_page(server, "/jobs/run:new")
    assert watched.page.locator("[id^=strip-]").count() == 0
    again = replace(push, readings=[replace(push.readings[0], start_us=push.readings[0].end_us)])
    server.push([again])
    expect(watched.page.locator("[id^=strip-] .chart svg")).to_be_visible(timeout=PATIENCE_MS)
    energy = watched.page.locator(f"#tiles [data-uj='{WATTS * WINDOW_US}']")
    expect(energy).to_be_visible(timeout=PATIENCE_MS)
    assert watched.complaints == []


def test_a_device_that_joins_a_job_gets_a_picture_under_its_name(
    open_page: Open, server: Server
) -> None:
    first, second = _windows("run:new", "run:new")
    server.push([first])
    watched = open_page(server, "/jobs/run:new")
    titles = watched.page.locator("[id^=strip-] h2")
    expect(titles).to_have_text(["Power on Simulated GPU"])
    server.push([second])
    names = ["Power on Simulated CPU", "Power on Simulated GPU"]
    expect(titles).to_have_text(names, timeout=PATIENCE_MS)
    expect(watched.page.locator("[id^=strip-] .chart svg")).to_have_count(2)
    assert watched.complaints == []


def test_the_page_of_a_job_stops_asking_when_the_job_ends(open_page: Open, server: Server) -> None:
    running, ended = _windows("run:new", "run:new", ends=True)
    server.push([running])
    watched = open_page(server, "/jobs/run:new")
    expect(watched.page.locator("#state")).to_have_text("running")
    server.push([ended])
    expect(watched.page.locator("#state")).to_contain_text("ended", timeout=PATIENCE_MS)
    expect(watched.page.locator("#live")).to_have_count(0)
    asked: list[str] = []
    watched.page.on("request", lambda request: asked.append(request.url))
    watched.page.wait_for_timeout(2 * POLL_MS)
    assert asked == []


def test_a_renewed_page_keeps_what_the_reader_was_doing(open_page: Open, server: Server) -> None:
    old, new = _windows("run:old", "run:new")
    server.push([old])
    page = open_page(server, "/jobs").page
    page.set_viewport_size({"width": 600, "height": 300})
    page.locator("input[name='q']").fill("half a wo")
    page.evaluate("scrollTo(0, 80)")
    place = page.evaluate("scrollY")
    server.push([new])
    expect(page.locator("tr[data-row='run:new']")).to_be_attached(timeout=PATIENCE_MS)
    assert page.locator("input[name='q']").input_value() == "half a wo"
    assert page.evaluate("document.activeElement.name") == "q"
    assert page.evaluate("scrollY") == place > 0


def test_a_table_that_was_opened_stays_open_and_is_renewed(open_page: Open, server: Server) -> None:
    first, second = _windows("run:new", "run:new")
    server.push([first])
    page = open_page(server, "/jobs/run:new").page
    page.locator("[id^=strip-] summary").first.click()
    told = page.locator("[id^=strip-] table").first
    expect(told).to_be_visible()
    server.push([second])
    expect(page.locator("[id^=strip-]")).to_have_count(2, timeout=PATIENCE_MS)
    gpu = page.locator("[id^=strip-]", has_text="Power on Simulated GPU")
    expect(gpu.locator("details")).to_have_attribute("open", "")
