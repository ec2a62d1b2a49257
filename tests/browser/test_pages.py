"""Every page, with and without data: nothing complains, nobody else is asked, it all fits."""

from urllib.parse import quote

import pytest
from tests.browser.conftest import Open, Seen
from tests.browser.plan import CHAT, DIGITS, HOSTILE, LONG, RUNNING, SWEEP
from tests.browser.server import Server

LISTS = ("/", "/jobs", "/models", "/fleet")
ONES = (
    f"/jobs/{RUNNING}",
    "/jobs/run:hostile",
    f"/jobs/{quote(SWEEP + '/0', safe='')}",
    f"/models/{DIGITS}?period=24h",
    f"/models/{CHAT}?period=24h",
    f"/models/{quote(HOSTILE, safe='')}?period=24h",
    f"/models/{quote(LONG, safe='')}?period=24h",
)
WITHOUT_CHARTS = ("/jobs", "/models", "/fleet", f"/jobs/{SWEEP}")
PAGES = (*LISTS, *ONES, f"/jobs/{SWEEP}")
NARROW = 360


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_data_has_no_complaints(seen: Seen, filled: Server, path: str) -> None:
    assert seen(filled, path).complaints == []


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_page_has_no_complaints(seen: Seen, empty: Server, path: str) -> None:
    assert seen(empty, path).complaints == []


@pytest.mark.parametrize("path", ["/", *ONES])
def test_pages_that_compare_or_tell_of_time_have_charts_and_each_is_drawn(
    seen: Seen, filled: Server, path: str
) -> None:
    charts = seen(filled, path).charts
    assert charts
    assert all(chart["drawn"] for chart in charts)


@pytest.mark.parametrize("path", WITHOUT_CHARTS)
def test_pages_of_tables_have_no_charts(seen: Seen, filled: Server, path: str) -> None:
    assert seen(filled, path).charts == []


@pytest.mark.parametrize("path", ["/", *ONES])
def test_every_chart_has_a_text_alternative(seen: Seen, filled: Server, path: str) -> None:
    charts = seen(filled, path).charts
    assert charts
    assert all(chart["role"] == "img" and chart["label"] for chart in charts)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_heading_of_the_first_level(seen: Seen, filled: Server, path: str) -> None:
    assert seen(filled, path).headings == 1


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scripts", [True, False])
def test_a_narrow_screen_never_scrolls_sideways(
    open_page: Open, filled: Server, path: str, *, scripts: bool
) -> None:
    page = open_page(filled, path, width=NARROW, scripts=scripts).page
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW


@pytest.mark.parametrize("path", ["/jobs/run:none", "/models/none/such"])
def test_what_is_not_there_gets_a_page_that_leads_on(
    open_page: Open, filled: Server, path: str
) -> None:
    watched = open_page(filled, path, missing=True)
    assert watched.page.locator("main a").count()
    assert watched.complaints == []


def test_a_name_with_markup_is_shown_as_text(open_page: Open, filled: Server) -> None:
    watched = open_page(filled, "/jobs")
    assert watched.page.get_by_text(HOSTILE).count()
    assert watched.complaints == []


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_page_names_the_command_to_run_next(
    open_page: Open, empty: Server, path: str
) -> None:
    assert "joulebook" in open_page(empty, path).page.locator("main code").first.inner_text()


@pytest.mark.parametrize("path", LISTS)
def test_every_link_of_a_page_leads_somewhere(open_page: Open, filled: Server, path: str) -> None:
    page = open_page(filled, path).page
    links = page.locator("a[href^='/']").evaluate_all("all => all.map(a => a.href)")
    answers = {link: page.request.get(link).status for link in sorted(set(links))}
    assert {link: status for link, status in answers.items() if status >= 400} == {}


@pytest.mark.parametrize("path", LISTS)
def test_the_keyboard_reaches_the_navigation_first(
    open_page: Open, filled: Server, path: str
) -> None:
    page = open_page(filled, path).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('header') !== null")


@pytest.mark.parametrize("path", ["/", f"/models/{DIGITS}?period=24h"])
def test_pointing_at_a_chart_breaks_nothing(open_page: Open, filled: Server, path: str) -> None:
    watched = open_page(filled, path)
    watched.settle()
    watched.page.locator(".chart").first.hover()
    watched.settle()
    assert watched.complaints == []


@pytest.mark.parametrize("path", ["/", *ONES])
def test_without_scripts_a_chart_has_its_data_in_a_table(
    open_page: Open, filled: Server, path: str
) -> None:
    cards = open_page(filled, path, scripts=False).page.locator("section:has(.chart)")
    assert cards.count()
    assert cards.locator("table tbody tr").count() > cards.count()


def test_a_job_whose_uid_needs_quoting_is_found(open_page: Open, filled: Server) -> None:
    watched = open_page(filled, f"/jobs/{quote(RUNNING, safe='')}")
    assert watched.complaints == []
