"""The figures of the pages are the API's, to the last digit, with JavaScript and without."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from playwright.sync_api import Page
from tests.browser.conftest import Open
from tests.browser.plan import CHAT, DIGITS, RUNNING
from tests.browser.server import Server

Rows = dict[str, str | None]
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def _figure(page: Page, name: str, attribute: str = "data-uj") -> str | None:
    """The exact value of a figure outside tables."""
    found = page.locator(f"[data-figure='{name}'][{attribute}]:not(table *)")
    return found.first.get_attribute(attribute)


def _rows(page: Page, table: str) -> Rows:
    """Energy (µJ) by row of a table."""
    rows = page.locator(f"#{table} tr[data-row]").evaluate_all(
        "all => all.map(row => [row.dataset.row,"
        " row.querySelector('[data-figure=energy]').dataset.uj ?? null])"
    )
    return dict(rows)


def _energies(rows: Iterable[Mapping[str, Any]], *keys: str) -> Rows:
    return {" ".join(str(row[key] or "") for key in keys): row["energy_uj"] for row in rows}


def _report(server: Server, group_by: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = server.get("/v1/reports", group_by=group_by)["rows"]
    return rows


@SCRIPTS
def test_the_overview_tells_the_reports_energy(
    open_page: Open, filled: Server, *, scripts: bool
) -> None:
    page = open_page(filled, "/?period=24h", scripts=scripts).page
    assert _figure(page, "energy") == filled.get("/v1/reports")["totals"]["energy_uj"]


@SCRIPTS
def test_the_overview_tells_the_reports_emissions(
    open_page: Open, filled: Server, *, scripts: bool
) -> None:
    page = open_page(filled, "/?period=24h", scripts=scripts).page
    told = filled.get("/v1/reports")["totals"]["emissions_kg"]
    assert float(_figure(page, "emissions", "data-value") or "nan") == told


@SCRIPTS
def test_the_overview_tells_the_energy_of_every_bucket(
    open_page: Open, filled: Server, *, scripts: bool
) -> None:
    page = open_page(filled, "/?period=24h", scripts=scripts).page
    assert _rows(page, "buckets") == _energies(_report(filled, "bucket"), "bucket")


@SCRIPTS
def test_the_list_of_jobs_tells_each_jobs_energy(
    open_page: Open, filled: Server, *, scripts: bool
) -> None:
    page = open_page(filled, "/jobs", scripts=scripts).page
    assert _rows(page, "jobs") == _energies(filled.get("/v1/jobs")["jobs"], "uid")


@SCRIPTS
@pytest.mark.parametrize("uid", [RUNNING, "run:train"])
def test_a_job_tells_its_energy(
    open_page: Open, filled: Server, uid: str, *, scripts: bool
) -> None:
    page = open_page(filled, f"/jobs/{uid}", scripts=scripts).page
    assert _figure(page, "energy") == filled.get(f"/v1/jobs/{uid}")["energy_uj"]


@SCRIPTS
def test_the_list_of_models_tells_each_models_energy(
    open_page: Open, filled: Server, *, scripts: bool
) -> None:
    page = open_page(filled, "/models?period=24h", scripts=scripts).page
    assert _rows(page, "models") == _energies(filled.get("/v1/models")["models"], "model")


@SCRIPTS
@pytest.mark.parametrize("model", [DIGITS, CHAT])
def test_a_model_tells_each_variants_energy(
    open_page: Open, filled: Server, model: str, *, scripts: bool
) -> None:
    page = open_page(filled, f"/models/{model}?period=24h", scripts=scripts).page
    variants = filled.get(f"/v1/models/{model}/variants")["variants"]
    assert _rows(page, "variants") == _energies(variants, "variant", "kind")


@SCRIPTS
def test_the_fleet_tells_each_devices_energy(
    open_page: Open, filled: Server, *, scripts: bool
) -> None:
    page = open_page(filled, "/fleet", scripts=scripts).page
    told = {one["uid"]: one["total_24h_uj"] for one in filled.get("/v1/devices")["devices"]}
    assert _rows(page, "devices") == told
