"""CO2e: energy times PUE times intensity, or nothing, and then why."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from tests.server.reports.fleet import Fleet, Serve, Window, at

from joulebook import factors
from joulebook.core.units import UJ_PER_KWH

Burn = Callable[..., Fleet]


ENERGY_UJ = 7_200_000_000_000_001  # 2000 kWh and a microjoule, over several windows


@pytest.fixture
def burn(serve: Serve) -> Burn:
    """A server with settings, and energy on one host of a zone."""

    def make(host_zone: str = "", **settings: str) -> Fleet:
        fleet = serve(**settings)
        push(fleet, at("2026-03-01T00:00:00Z"), "h", host_zone)
        return fleet

    return make


def push(fleet: Fleet, start: int, host: str, zone: str) -> None:
    thirds = [ENERGY_UJ // 3, ENERGY_UJ // 3, ENERGY_UJ - 2 * (ENERGY_UJ // 3)]
    fleet.push(
        [
            Window(start + index * 10_000_000, {("idle", ""): energy})
            for index, energy in enumerate(thirds)
        ],
        host=host,
        zone=zone,
    )


def kilograms(zone: str, pue: str = "1") -> float:
    """Computed exactly and rounded once."""
    intensity = Fraction(factors.load().get(zone).intensity)
    unit = Fraction("0.45359237") if zone.startswith("US-") else Fraction(1)
    return float(Fraction(ENERGY_UJ, UJ_PER_KWH) * Fraction(pue) * intensity * unit / 1000)


@pytest.mark.parametrize(
    ("zone", "pue"), [("FR", "1"), ("FR", "1.1"), ("US-CA", "1.58"), ("CA-QC", "1.003")]
)
def test_emissions_are_exact_and_rounded_once(burn: Burn, zone: str, pue: str) -> None:
    totals = burn(zone=zone, pue=pue).report()["totals"]
    assert totals["emissions_kg"] == kilograms(zone, pue)
    assert totals["facility_kwh"] == float(Fraction(ENERGY_UJ, UJ_PER_KWH) * Fraction(pue))
    assert totals["flags"] == []


def test_energy_at_the_machine_holds_no_overhead(burn: Burn) -> None:
    totals = burn(zone="FR", pue="1.5").report()["totals"]
    assert totals["energy_uj"] == str(ENERGY_UJ)
    assert totals["energy_kwh"] == ENERGY_UJ / UJ_PER_KWH


def test_without_a_zone_there_are_no_emissions_and_the_report_says_so(
    burn: Burn,
) -> None:
    report = burn().report(group_by="host")
    for figures in (report["totals"], *report["rows"]):
        assert figures["emissions_kg"] is None
        assert figures["emissions_low_kg"] is None
        assert figures["emissions_high_kg"] is None
        assert figures["flags"] == ["no_zone"]
        assert figures["factor_ids"] == []
    assert report["factors"] == []


def test_a_zone_without_a_factor_is_named(burn: Burn) -> None:
    totals = burn("XX-1").report()["totals"]
    assert totals["emissions_kg"] is None
    assert totals["flags"] == ["unknown_zone:XX-1"]


def test_a_hosts_zone_counts_where_the_server_has_none(burn: Burn) -> None:
    report = burn("SE-SE3").report(group_by="zone")
    assert report["rows"][0]["zone"] == "SE-SE3"
    assert report["rows"][0]["emissions_kg"] == kilograms("SE-SE3")


def test_the_servers_zone_wins_over_the_hosts(burn: Burn) -> None:
    report = burn("DE", zone="FR").report(group_by="zone")
    assert [row["zone"] for row in report["rows"]] == ["FR"]
    assert report["totals"]["emissions_kg"] == kilograms("FR")


def test_a_filter_knows_the_zone_that_is_shown(burn: Burn) -> None:
    fleet = burn("DE", zone="FR")
    assert fleet.report(filter="zone:FR")["totals"]["energy_uj"] == str(ENERGY_UJ)
    assert fleet.report(filter="zone:DE")["rows"] == []


@pytest.fixture
def two_zones(burn: Burn) -> Fleet:
    fleet = burn("FR")
    push(fleet, at("2026-03-01T02:00:00Z"), "other", "DE")
    return fleet


def test_each_zone_has_its_own_factor(two_zones: Fleet) -> None:
    report = two_zones.report(group_by="zone")
    by_zone = {row["zone"]: row["emissions_kg"] for row in report["rows"]}
    assert by_zone == {"DE": kilograms("DE"), "FR": kilograms("FR")}


def test_a_row_over_two_zones_is_computed_zone_by_zone(two_zones: Fleet) -> None:
    totals = two_zones.report()["totals"]
    per_kwh = sum(Fraction(factors.load().get(zone).intensity) for zone in ("FR", "DE"))
    assert totals["emissions_kg"] == float(Fraction(ENERGY_UJ, UJ_PER_KWH) * per_kwh / 1000)
    assert len(totals["factor_ids"]) == 2


def test_a_row_of_which_a_part_has_no_zone_has_no_emissions(
    two_zones: Fleet,
) -> None:
    push(two_zones, at("2026-03-01T04:00:00Z"), "third", "")
    report = two_zones.report(group_by="zone")
    assert report["totals"]["emissions_kg"] is None
    assert report["totals"]["flags"] == ["no_zone"]
    assert {row["zone"]: row["emissions_kg"] is None for row in report["rows"]} == {
        "DE": False,
        "FR": False,
        None: True,
    }


def test_every_factor_that_was_used_is_listed_with_its_origin(two_zones: Fleet) -> None:
    report = two_zones.report()
    assert [one["id"] for one in report["factors"]] == report["totals"]["factor_ids"]
    for one in report["factors"]:
        known = factors.load().get(one["zone"])
        assert (one["year"], one["unit"], one["source"]) == (known.year, known.unit, known.source)
        assert (one["kind"], one["boundary"]) == (known.kind, known.boundary)
        assert one["intensity_g_per_kwh"] == float(known.grams_per_kwh)


def test_the_range_of_emissions_follows_the_energys_uncertainty(
    serve: Serve,
) -> None:
    fleet = serve(zone="FR")
    start = at("2026-03-01T00:00:00Z")
    fleet.push([Window(start, {("idle", ""): 1_000_000}, err_sys_uj=100_000)])
    totals = fleet.report()["totals"]
    assert totals["emissions_low_kg"] == pytest.approx(0.9 * totals["emissions_kg"])
    assert totals["emissions_high_kg"] == pytest.approx(1.1 * totals["emissions_kg"])


def test_an_error_larger_than_the_figure_never_makes_emissions_negative(
    serve: Serve,
) -> None:
    fleet = serve(zone="FR")
    start = at("2026-03-01T00:00:00Z")
    fleet.push([Window(start, {("idle", ""): 1_000}, err_sys_uj=5_000)])
    assert fleet.report()["totals"]["emissions_low_kg"] == 0


def test_a_cost_is_never_made_up(burn: Burn) -> None:
    report = burn(zone="FR").report(group_by="host")
    for figures in (report["totals"], *report["rows"]):
        assert figures["cost"] is None
        assert figures["currency"] is None
