"""The table that ships: every row can be used and says where it comes from."""

import re
from fractions import Fraction
from importlib import resources

import pytest

from joulebook import factors
from joulebook.core.carbon import GRAMS_PER_KWH
from joulebook.errors import InvalidInput

ZONE = re.compile(r"[A-Z]{2}(-[A-Z]{2}\d?)?")
TABLE = factors.load()


def packaged(name: str) -> str:
    return resources.files("joulebook.factors").joinpath(name).read_text(encoding="utf-8")


def test_the_table_is_read_once() -> None:
    assert factors.load() is TABLE


def test_no_row_of_the_file_is_lost_to_another_of_the_same_zone() -> None:
    assert len(TABLE) == len(packaged("intensity.csv").splitlines()) - 1


def test_every_zone_is_a_country_or_a_part_of_one() -> None:
    assert [factor.zone for factor in TABLE if not ZONE.fullmatch(factor.zone)] == []


def test_no_row_is_zero_or_beyond_any_real_grid() -> None:
    assert [factor.zone for factor in TABLE if not 0 < factor.grams_per_kwh < 2_000] == []


def test_countries_states_provinces_and_bidding_zones_are_there() -> None:
    zones = {factor.zone for factor in TABLE}
    assert {"FR", "DE", "IN", "US-CA", "US-DC", "CA-QC", "CN-BJ", "SE-SE3", "NO-NO4"} <= zones
    assert sum("-" not in zone for zone in zones) > 200


def test_an_id_names_package_zone_and_year() -> None:
    for factor in TABLE:
        assert re.fullmatch(rf"codecarbon-[\d.]+/{factor.zone}/{factor.year}", factor.factor_id)


def test_every_row_says_source_name_and_vintage() -> None:
    assert all(factor.source and factor.name and 2000 <= factor.year <= 2026 for factor in TABLE)


def test_every_row_says_a_unit_that_can_be_converted() -> None:
    assert {factor.unit for factor in TABLE} <= set(GRAMS_PER_KWH)


def test_every_row_is_an_average_never_a_marginal_figure() -> None:
    assert {factor.kind for factor in TABLE} == {"average"}


def test_every_row_says_its_boundary_or_that_it_is_not_told() -> None:
    assert {factor.boundary for factor in TABLE} == {"lifecycle", "direct", "unstated"}


def test_ids_are_unique() -> None:
    assert len({factor.factor_id for factor in TABLE}) == len(TABLE)


def test_states_of_the_us_are_in_pounds_per_megawatt_hour() -> None:
    california = TABLE.get("US-CA")
    assert california.unit == "lb/MWh"
    assert california.grams_per_kwh == Fraction(california.intensity) * Fraction("0.45359237")


def test_chinas_provinces_count_co2_alone_and_say_so() -> None:
    assert {factor.unit for factor in TABLE if factor.zone.startswith("CN-")} == {"gCO2/kWh"}


def test_canadas_provinces_say_that_they_are_computed() -> None:
    quebec = TABLE.get("CA-QC")
    assert quebec.source.startswith("computed")
    assert quebec.boundary == "unstated"


def test_a_bidding_zone_keeps_its_own_name() -> None:
    assert TABLE.get("SE-SE3").grams_per_kwh < TABLE.get("DE").grams_per_kwh


def test_the_cleanest_and_dirtiest_are_countries_around_all_others() -> None:
    countries = [factor.grams_per_kwh for factor in TABLE if "-" not in factor.zone]
    assert TABLE.cleanest().grams_per_kwh == min(countries)
    assert TABLE.dirtiest().grams_per_kwh == max(countries)


def test_a_country_whose_value_is_zero_is_left_out_and_named() -> None:
    with pytest.raises(InvalidInput, match="'CF'"):
        TABLE.get("CF")
    assert "- CF Central African Republic: the value is 0.0" in packaged("PROVENANCE.md")


@pytest.mark.parametrize("part", ["MIT License", "SHA-256", "retrieved on", "codecarbon"])
def test_the_provenance_says(part: str) -> None:
    assert part in packaged("PROVENANCE.md")


def test_the_licence_is_quoted_whole() -> None:
    assert "permission notice shall be included in all" in packaged("PROVENANCE.md")
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in packaged("PROVENANCE.md")
