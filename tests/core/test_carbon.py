"""Published figures, reproduced from their published inputs."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.carbon import GRAMS_PER_KWH, emissions_g, facility_uj
from joulebook.core.units import UJ_PER_J, UJ_PER_KWH, kwh

HOUR_S = 3600
GRAMS_PER_POUND = Fraction(45359237, 100_000)


def of_power(watts: str, hours: str) -> int:
    return round(Fraction(watts) * Fraction(hours) * HOUR_S * UJ_PER_J)


@pytest.mark.parametrize(
    ("watts", "hours", "published_kwh", "published_lb"),
    [("1415.78", "12", 27, 26), ("1515.43", "84", 201, 192), ("517.66", "336", 275, 262)],
)
def test_strubell_2019_table_3(
    watts: str, hours: str, published_kwh: int, published_lb: int
) -> None:
    energy = of_power(watts, hours)
    pue, pounds_per_kwh = Fraction("1.58"), Fraction("0.954")
    assert round(float(facility_uj(energy, pue) / UJ_PER_KWH)) == published_kwh
    grams = emissions_g(energy, pounds_per_kwh * GRAMS_PER_POUND, pue)
    assert round(float(grams / GRAMS_PER_POUND)) == published_lb


@pytest.mark.parametrize(
    ("chips", "days", "watts", "pue", "published_mwh"),
    [
        (512, "20", "310", "1.12", 85.7),
        (1024, "27", "245", "1.10", 179),
        (10_000, "14.8", "330", "1.10", 1287),
    ],
)
def test_patterson_2021_table_4(
    chips: int, days: str, watts: str, pue: str, published_mwh: float
) -> None:
    energy = chips * of_power(watts, str(Fraction(days) * 24))
    megawatt_hours = float(facility_uj(energy, Fraction(pue)) / UJ_PER_KWH / 1000)
    assert megawatt_hours == pytest.approx(published_mwh, rel=0.005)


def test_gpt_3_emits_552_tonnes() -> None:
    energy = 10_000 * of_power("330", "355.2")
    tonnes = emissions_g(energy, Fraction(429), Fraction("1.10")) / 1_000_000
    assert float(tonnes) == pytest.approx(552.1, rel=0.005)


def test_cloud_carbon_footprint_compute() -> None:
    watts = Fraction("0.71") + Fraction("0.01") * (Fraction("3.46") - Fraction("0.71"))
    energy = of_power(str(2 * watts), "1")
    pue, tonnes_per_kwh = Fraction("1.135"), Fraction("4.15755e-4")
    assert float(facility_uj(energy, pue) / UJ_PER_KWH) == pytest.approx(
        0.0016741249999999998, rel=1e-9
    )
    tonnes = emissions_g(energy, tonnes_per_kwh * 1_000_000, pue) / 1_000_000
    assert float(tonnes) == pytest.approx(6.960258393749999e-7, rel=1e-9)


def test_a_pound_a_megawatt_hour_is_exact() -> None:
    assert GRAMS_PER_KWH["lb/MWh"] == Fraction("0.45359237")


def test_a_negative_intensity_is_no_value_and_refused() -> None:
    with pytest.raises(ValueError, match="no value"):
        emissions_g(UJ_PER_KWH, Fraction(-1))


def test_a_pue_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="PUE"):
        facility_uj(UJ_PER_KWH, Fraction("0.99"))


@given(
    st.lists(st.integers(0, 10**16), min_size=1, max_size=20),
    st.fractions(0, 2000),
    st.fractions(1, 3),
)
def test_emissions_of_the_parts_sum_to_those_of_the_whole(
    parts: list[int], intensity: Fraction, pue: Fraction
) -> None:
    whole = emissions_g(sum(parts), intensity, pue)
    assert sum(emissions_g(part, intensity, pue) for part in parts) == whole


def test_one_kilowatt_hour_is_one() -> None:
    assert kwh(UJ_PER_KWH) == 1.0
