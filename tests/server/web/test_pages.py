"""The pages without a browser: periods, refusals, headers, names that want quoting."""

import re
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from tests.builders import NOW_US, WINDOW_US, JobSpec, Part, Push, Reading
from tests.server.conftest import Send

from joulebook.wire import format_time

PAGES = ("/", "/jobs", "/models", "/fleet")
MODEL = "org/a?b#c%d"
START_US = NOW_US - 6 * WINDOW_US


@pytest.fixture
def filled(send: Send, client: TestClient) -> TestClient:
    parts = [Part(3_000_000_000, "job", 0)]
    readings = [Reading(START_US + n * WINDOW_US, parts=parts) for n in range(6)]
    job = JobSpec("k8s:a/b?c", model=MODEL, variant="int8", start_us=START_US, end_us=NOW_US)
    send(Push(readings, [job]))
    return client


@pytest.mark.parametrize("path", PAGES)
def test_every_page_comes_with_a_policy_that_lets_in_nothing_from_elsewhere(
    client: TestClient, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'")
    assert "script-src" not in policy  # scripts fall back to 'self': none inline
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_holds_a_script_of_its_own(filled: TestClient, path: str) -> None:
    page = filled.get(path).text
    scripts = re.findall(r"<script(?![^>]*(?:src=|type=\"application/json\"))", page)
    assert scripts == []
    assert not re.search(r"\son\w+=", page)


def test_names_that_want_quoting_lead_to_their_pages(filled: TestClient) -> None:
    page = filled.get("/").text
    for path in (f"/jobs/{quote('k8s:a/b?c', safe='')}", f"/models/{quote(MODEL, safe='')}"):
        assert f'href="{path}' in page
        assert filled.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/jobs/run:none", "/models/none", "/?period=year", "/?from=x"])
def test_a_refusal_is_a_page(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>" in answer.text


@pytest.mark.parametrize("path", ["/none", "/Fleet"])
def test_a_browser_that_loses_its_way_gets_a_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, "<h1>" in answer.text) == (404, True)


@pytest.mark.parametrize("path", ["/none", "/v1/none"])
def test_a_program_that_loses_its_way_gets_a_problem(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == 404


def test_a_period_before_anything_was_measured_says_so(filled: TestClient) -> None:
    page = filled.get("/?from=2020-01-01T00:00&to=2020-01-02T00:00").text
    assert "No job in this period" in page
    assert "Nothing has been measured yet" not in page


def test_a_period_of_ones_choice_narrows_the_page(filled: TestClient) -> None:
    assert "k8s:a/b?c" in filled.get("/?period=24h").text
    long_ago = {"from": "2020-01-01T00:00", "to": "2020-01-02T00:00"}
    assert "k8s:a/b?c" not in filled.get("/", params=long_ago).text


def test_a_period_may_be_given_as_the_api_takes_it(filled: TestClient) -> None:
    asked = {"from": format_time(START_US), "to": format_time(NOW_US)}
    assert "k8s:a/b?c" in filled.get("/", params=asked).text


def test_a_young_ledger_opens_on_its_last_hour(filled: TestClient) -> None:
    assert "Last hour" in filled.get("/").text


def test_without_a_zone_the_page_says_how_to_name_one(filled: TestClient) -> None:
    assert "joulebook-server serve --zone FR" in filled.get("/").text


def test_a_filter_is_in_the_url_and_in_the_form(filled: TestClient) -> None:
    page = filled.get("/jobs", params={"model": MODEL}).text
    assert 'data-row="k8s:a/b?c"' in page
    assert f'value="{MODEL}"' in page
    assert "No job fits" in filled.get("/jobs?model=other").text
