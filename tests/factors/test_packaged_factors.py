import re

import pytest

from joulebook.core.carbon import Factor
from joulebook.factors import load


@pytest.fixture(scope="module")
def factors() -> list[Factor]:
    return list(load())


def test_every_row_tells_source_year_unit_kind_and_boundary(factors: list[Factor]) -> None:
    for factor in factors:
        assert factor.source
        assert 2000 < factor.year < 2030
        assert factor.kind == "average"
        assert factor.boundary in {"lifecycle", "direct"}


def test_no_row_is_zero_or_beyond_any_real_grid(factors: list[Factor]) -> None:
    assert all(0 < factor.grams_per_kwh < 2000 for factor in factors)


def test_zones_are_iso_codes_and_stand_once(factors: list[Factor]) -> None:
    zones = [factor.zone for factor in factors]
    assert len(zones) == len(set(zones))
    assert all(re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{2,3})?", zone) for zone in zones)


def test_countries_states_provinces_and_bidding_zones_are_there(factors: list[Factor]) -> None:
    zones = {factor.zone for factor in factors}
    assert {"FR", "DE", "IN", "US-CA", "US-DC", "CA-QC", "CN-BJ", "SE-SE3", "NO-NO4"} <= zones
    assert sum("-" not in zone for zone in zones) > 200


def test_a_factor_id_names_package_zone_and_year(factors: list[Factor]) -> None:
    for factor in factors:
        assert factor.factor_id.endswith(f"/{factor.zone}/{factor.year}")
