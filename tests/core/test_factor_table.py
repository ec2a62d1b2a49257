import pytest

from joulebook.core.factor_table import FactorTable
from joulebook.errors import InvalidInput

HEAD = "factor_id,zone,name,year,intensity,unit,kind,boundary,source\n"
FRANCE = "a/FR/2023,FR,France,2023,56.0,gCO2e/kWh,average,lifecycle,a source\n"
OLD_FRANCE = "a/FR/2009,FR,France,2009,90,gCO2e/kWh,average,lifecycle,a source\n"
STATE = "a/US-CA/2023,US-CA,California,2023,1000,lb/MWh,average,direct,a source\n"
POLAND = "a/PL/2023,PL,Poland,2023,700,gCO2e/kWh,average,lifecycle,a source\n"


def test_a_zone_is_found_whatever_its_case() -> None:
    assert FactorTable.parse(HEAD + FRANCE).get("fr").name == "France"


def test_an_unknown_zone_is_an_error_that_lists_the_nearest() -> None:
    with pytest.raises(InvalidInput, match=r"FR \(France\)"):
        FactorTable.parse(HEAD + FRANCE + POLAND).get("Frankreich")


def test_the_newer_vintage_counts_whatever_the_order() -> None:
    for text in (FRANCE + OLD_FRANCE, OLD_FRANCE + FRANCE):
        assert FactorTable.parse(HEAD + text).get("FR").year == 2023


def test_pounds_a_megawatt_hour_are_converted_exactly() -> None:
    factor = FactorTable.parse(HEAD + STATE).get("US-CA")
    assert float(factor.grams_per_kwh) == pytest.approx(453.59237, rel=1e-15)


def test_cleanest_and_dirtiest_are_countries() -> None:
    table = FactorTable.parse(HEAD + FRANCE + POLAND + STATE.replace("1000", "9999"))
    assert (table.cleanest().zone, table.dirtiest().zone) == ("FR", "PL")


@pytest.mark.parametrize(
    "row",
    [
        FRANCE.replace("gCO2e/kWh", "trees"),
        FRANCE.replace("56.0", "-1"),
        FRANCE.replace("56.0", "many"),
    ],
)
def test_a_row_that_cannot_be_used_is_refused(row: str) -> None:
    with pytest.raises(InvalidInput):
        FactorTable.parse(HEAD + row)
