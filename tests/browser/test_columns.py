"""What stands beside the energy is the API's too: power over time, rates, errors, quality."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator
from tests.browser.conftest import Open
from tests.browser.odd import CORRECTED, CORRECTION
from tests.browser.plan import CHAT, DIGITS, LONG, SWEEP
from tests.browser.server import Server

from joulebook.core.units import UJ_PER_KWH
from joulebook.wire import format_time

HOUR_US = 3_600_000_000
MODELS = pytest.mark.parametrize("model", [DIGITS, CHAT, LONG])


def _values(row: Locator) -> list[float]:
    """The exact figures of a row but its energy."""
    exact = row.locator("[data-value]").evaluate_all("all => all.map(one => one.dataset.value)")
    return [float(value) for value in exact]


def _error(row: Mapping[str, Any]) -> str:
    """The uncertainty as pages write it."""
    share = 100 * row["uncertainty_kwh"] * UJ_PER_KWH / int(row["energy_uj"])
    return f"±{share:.0f}\u2009%"


def _known(*values: float | None) -> list[float]:
    return [value for value in values if value is not None]


def test_the_picture_of_power_is_drawn_from_what_the_api_tells(
    open_page: Open, filled: Server
) -> None:
    end_us = filled.get("/v1/power")["times_us"][-1] // HOUR_US * HOUR_US
    written = [format_time(end_us - HOUR_US), format_time(end_us)]
    page = open_page(filled, f"/?from={written[0]}&to={written[1]}").page
    drawn = json.loads(page.locator("#power-data").inner_text())
    told = filled.get("/v1/power", start=written[0], end=written[1])
    assert drawn["times"] == [time_us // 1000 for time_us in told["times_us"]]
    assert drawn["unread"] == told["unread_devices"]
    assert {one["token"][2:]: one["values"] for one in drawn["series"]} == {
        name: [None if value is None else value / 1000 for value in values]
        for name, values in told["power_mw"].items()
    }


@MODELS
def test_a_variant_tells_the_apis_figures(open_page: Open, filled: Server, model: str) -> None:
    page = open_page(filled, f"/models/{quote(model, safe='')}?period=24h").page
    variants = filled.get(f"/v1/models/{quote(model, safe='')}/variants")["variants"]
    assert variants
    scores = sorted({score for one in variants for score in one["quality"]})
    for one in variants:
        row = page.locator(f"tr[data-row='{one['variant'] or ''} {one['kind']}']")
        assert _values(row) == _known(
            one["emissions_kg"],
            *one["energy_per_work_j"].values(),
            *(one["quality"].get(score) for score in scores),
            one["coverage"],
        )
        assert _error(one) in row.inner_text()


def test_the_list_of_models_tells_the_apis_figures(open_page: Open, filled: Server) -> None:
    page = open_page(filled, "/models?period=24h").page
    for model in (DIGITS, CHAT, LONG):
        (one,) = [one for one in filled.get("/v1/models")["models"] if one["model"] == model]
        row = page.locator(f"tr[data-row='{model}']")
        assert _values(row) == _known(
            one["emissions_kg"], *one["energy_per_work_j"].values(), one["coverage"]
        )
        assert _error(one) in row.inner_text()


def test_the_overview_tells_the_same_of_models_as_their_list(
    open_page: Open, filled: Server
) -> None:
    rows = {}
    for path in ("/?period=24h", "/models?period=24h"):
        page = open_page(filled, path).page
        rows[path] = page.locator("#models tr[data-row]").all_inner_texts()
    assert len(rows["/?period=24h"]) > 3
    assert rows["/?period=24h"] == rows["/models?period=24h"]


def test_the_overview_tells_of_jobs_what_they_used_in_its_period(
    open_page: Open, filled: Server
) -> None:
    page = open_page(filled, "/?period=24h").page
    shown = page.locator("#jobs tr[data-row]").evaluate_all(
        "all => all.map(row => [row.dataset.row,"
        " row.querySelector('[data-figure=energy]').dataset.uj])"
    )
    rows = filled.get("/v1/reports", group_by="job")["rows"]
    told = {row["job"]: row["energy_uj"] for row in rows if row["job"]}
    assert shown
    assert dict(shown).items() <= told.items()


def test_energy_that_passed_while_nobody_looked_has_a_row(open_page: Open, filled: Server) -> None:
    page = open_page(filled, "/?period=24h").page
    row = page.locator("#buckets tr[data-row='unknown'] [data-figure='energy']")
    assert int(row.get_attribute("data-uj") or 0) > 0


def test_a_parent_has_the_energy_of_its_children(open_page: Open, filled: Server) -> None:
    page = open_page(filled, f"/jobs/{SWEEP}").page
    shown = page.locator("#tiles [data-figure='energy']").get_attribute("data-uj")
    children = filled.get(f"/v1/jobs/{SWEEP}")["children"]
    told = [filled.get(f"/v1/jobs/{quote(uid, safe='')}")["energy_uj"] for uid in children]
    assert len(told) == 2
    assert int(shown or 0) == sum(map(int, told))


def test_a_correction_is_shown_as_one(open_page: Open, filled: Server) -> None:
    page = open_page(filled, f"/jobs/{quote(CORRECTED, safe='')}").page
    facts = page.locator("#facts").inner_text()
    assert re.search(r"accuracy\s+0\.5", facts)
    assert "pruned (pruning)" in facts
    assert all(f"corrected {name}" in facts for name in CORRECTION)


def test_a_wall_meter_stands_beside_and_is_in_no_total(open_page: Open, filled: Server) -> None:
    page = open_page(filled, "/fleet").page
    row = page.locator("tr[data-row='host:sim-east:0']")
    assert row.locator("[data-figure='energy']").get_attribute("data-uj") == "11000000"
    assert "beside" in row.inner_text()
    assert "wall meter" not in json.dumps(filled.get("/v1/reports", group_by="component")["rows"])
