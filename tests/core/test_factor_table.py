"""Looking a zone up: never another country's figure."""

from decimal import Decimal
from fractions import Fraction

import pytest

from joulebook.core.carbon import Factor
from joulebook.core.factor_table import FactorTable
from joulebook.errors import InvalidInput

HEADER = "factor_id,zone,name,year,intensity,unit,kind,boundary,source\n"
FRANCE = "t/FR/2023,FR,France,2023,56.039,gCO2e/kWh,average,lifecycle,somewhere\n"
GERMANY = "t/DE/2023,DE,Germany,2023,380.95,gCO2e/kWh,average,lifecycle,somewhere\n"
ALABAMA = "t/US-AL/2023,US-AL,Alabama,2023,1,lb/MWh,average,direct,somewhere\n"
ISLAND = "t/SE-X/2023,SE-X,Island,2023,1,gCO2e/kWh,average,direct,somewhere\n"


def row(**changes: str) -> str:
    cells = dict(zip(HEADER.strip().split(","), FRANCE.strip().split(","), strict=True))
    return ",".join({**cells, **changes}.values()) + "\n"


@pytest.fixture
def table() -> FactorTable:
    return FactorTable.parse(HEADER + FRANCE + GERMANY + ALABAMA + ISLAND)


def test_a_row_is_read_as_it_was_published(table: FactorTable) -> None:
    assert table.get("FR") == Factor(
        "t/FR/2023",
        "FR",
        "France",
        2023,
        Decimal("56.039"),
        "gCO2e/kWh",
        "average",
        "lifecycle",
        "somewhere",
    )


def test_pounds_become_grams_by_the_pounds_definition(table: FactorTable) -> None:
    assert table.get("US-AL").grams_per_kwh == Fraction("0.45359237")


@pytest.mark.parametrize("asked", ["fr", " FR ", "Fr"])
def test_case_and_spaces_do_not_matter(table: FactorTable, asked: str) -> None:
    assert table.get(asked).zone == "FR"


@pytest.mark.parametrize("asked", ["F", "FRA", "US", "US-CA", "", "ZZ"])
def test_an_unknown_zone_is_refused_never_replaced(table: FactorTable, asked: str) -> None:
    with pytest.raises(InvalidInput, match="no emission factor for zone"):
        table.get(asked)


def test_a_refusal_names_the_nearest_zones(table: FactorTable) -> None:
    with pytest.raises(InvalidInput, match=r"near: DE \(Germany\)"):
        table.get("Germny")


def test_the_cleanest_and_dirtiest_are_countries_not_their_parts(table: FactorTable) -> None:
    assert (table.cleanest().zone, table.dirtiest().zone) == ("FR", "DE")


def test_the_newer_vintage_counts_wherever_it_stands() -> None:
    newer = row(year="2024", intensity="50")
    for text in (newer + FRANCE, FRANCE + newer):
        assert FactorTable.parse(HEADER + text).get("FR").year == 2024


def test_a_quoted_name_may_hold_a_comma_and_a_line_break() -> None:
    parsed = FactorTable.parse(HEADER + row(name='"France,\n the whole"'))
    assert parsed.get("FR").name == "France,\n the whole"


@pytest.mark.parametrize("intensity", ["-1", "-0.001", "NaN", "Infinity", "", "about 50", "1,0"])
def test_a_value_that_is_no_intensity_is_refused(intensity: str) -> None:
    with pytest.raises(InvalidInput):
        FactorTable.parse(HEADER + row(intensity=intensity))


def test_a_unit_that_cannot_be_converted_is_refused() -> None:
    with pytest.raises(InvalidInput, match="t/GJ"):
        FactorTable.parse(HEADER + row(unit="t/GJ"))


def test_a_bad_number_names_its_line() -> None:
    with pytest.raises(InvalidInput, match="line 3"):
        FactorTable.parse(HEADER + FRANCE + row(year="last"))


def test_a_row_that_is_cut_off_is_refused() -> None:
    with pytest.raises(InvalidInput, match="line 2"):
        FactorTable.parse(HEADER + "t/FR/2023,FR,France\n")


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput, match="'source'"):
        FactorTable.parse(HEADER.replace(",source", "") + FRANCE)


def test_an_empty_table_knows_no_zone() -> None:
    with pytest.raises(InvalidInput):
        FactorTable.parse(HEADER).get("FR")
