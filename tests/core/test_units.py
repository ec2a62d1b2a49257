"""Exact units, and how figures are written for people."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core import units
from joulebook.core.units import (
    UJ_PER_KWH,
    energy_over,
    format_energy,
    format_mass,
    kwh,
    quarter_of,
    significant,
)

fractions = st.fractions(min_value=-(10**30), max_value=10**30)


def plain(text: str) -> str:
    return text.replace("\u2009", " ")


def test_a_kilowatt_hour_is_three_point_six_megajoules() -> None:
    assert 3_600_000 * units.UJ_PER_J == UJ_PER_KWH


def test_a_kilowatt_hour_is_a_thousand_watt_hours() -> None:
    assert 1_000 * units.UJ_PER_WH == UJ_PER_KWH


def test_a_watt_for_a_second_is_a_joule() -> None:
    assert energy_over(1_000, units.US_PER_S) == units.UJ_PER_J


def test_energy_below_a_microjoule_is_rounded_down() -> None:
    assert energy_over(1, 999) == 0


@given(st.integers(0, 2**80))
def test_kilowatt_hours_are_correctly_rounded(energy_uj: int) -> None:
    assert kwh(energy_uj) == float(Fraction(energy_uj, UJ_PER_KWH))


@given(st.integers(0, 2**60))
def test_a_time_lies_within_its_quarter_hour(time_us: int) -> None:
    assert 0 <= time_us - quarter_of(time_us) < 900_000_000


@given(st.integers(0, 2**60))
def test_a_quarter_hour_starts_on_a_multiple_of_fifteen_minutes(time_us: int) -> None:
    assert quarter_of(time_us) % 900_000_000 == 0


def test_a_quarter_hour_belongs_to_itself() -> None:
    assert quarter_of(1_795_428_000_000_000) == 1_795_428_000_000_000


@pytest.mark.parametrize(
    ("energy_uj", "text"),
    [
        (None, "\u2013"),
        (0, "0 J"),
        (1, "0.00000100 J"),
        (1_500_000, "1.50 J"),
        (-1_500_000, "-1.50 J"),
        (42_000_000, "42.0 J"),
        (9_996_000, "10.0 J"),
        (359_000_000, "359 J"),
        (360_000_000, "0.100 Wh"),
        (359_960_000, "0.100 Wh"),  # 0.09999 Wh rounds up to the next prefix
        (3_600_000_000, "1.00 Wh"),
        (359_600_000_000, "99.9 Wh"),
        (359_950_000_000, "0.100 kWh"),
        (360_000_000_000, "0.100 kWh"),
        (4_500_000_000_000, "1.25 kWh"),
        (-4_500_000_000_000, "-1.25 kWh"),
        (359_950_000_000_000, "0.100 MWh"),
        (360_000_000_000_000, "0.100 MWh"),
        (4_633_200_000_000_000_000, "1290 MWh"),
    ],
)
def test_energy_is_written_with_the_prefix_of_its_rounded_size(
    energy_uj: int | None, text: str
) -> None:
    assert plain(format_energy(energy_uj)) == text


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        (None, "\u2013"),
        (Fraction(0), "0 g"),
        (Fraction(1, 10**9), "0.00100 \u00b5g"),
        (Fraction(1, 10**6), "1.00 \u00b5g"),
        (Fraction(9_994, 10**7), "999 \u00b5g"),
        (Fraction(9_996, 10**7), "1.00 mg"),
        (Fraction(1), "1.00 g"),
        (Fraction(-5, 2), "-2.50 g"),
        (Fraction(9_994, 10), "999 g"),
        (Fraction(9_996, 10), "1.00 kg"),
        (Fraction(1_000), "1.00 kg"),
        (Fraction(999_600), "1.00 t"),
        (Fraction(552_100_000), "552 t"),
        (Fraction(1_234_000_000), "1230 t"),
    ],
)
def test_mass_is_written_with_the_prefix_of_its_rounded_size(
    grams: Fraction | None, text: str
) -> None:
    assert plain(format_mass(grams)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(1, 3), "0.333"),
        (Fraction(2, 3), "0.667"),
        (Fraction(9_996, 1_000), "10.0"),
        (Fraction(99_951, 100_000), "1.00"),
        (Fraction(-9_996, 1_000), "-10.0"),
        (Fraction(12_345), "12300"),
        (Fraction(12_350), "12400"),
        (Fraction(12_450), "12400"),  # half to even
        (Fraction(10**40), "1" + "0" * 40),
        (Fraction(10**40 * 2 - 1, 2 * 10**40), "1.00"),  # more digits than a Decimal keeps
    ],
)
def test_a_figure_has_three_significant_digits(value: Fraction, text: str) -> None:
    assert significant(value) == text


@given(fractions, st.integers(1, 40))
def test_a_figure_never_has_an_exponent(value: Fraction, digits: int) -> None:
    assert set(significant(value, digits)) <= set("-.0123456789")


@given(fractions.filter(bool), st.integers(1, 40))
def test_a_figure_lies_within_half_a_unit_of_its_last_digit(value: Fraction, digits: int) -> None:
    written = Fraction(Decimal(significant(value, digits)))
    assert abs(written - value) <= abs(value) / 10 ** (digits - 1) / 2


@given(fractions.filter(bool))
def test_a_figure_written_again_is_the_same(value: Fraction) -> None:
    once = significant(value)
    assert significant(Fraction(Decimal(once))) == once


@given(fractions.filter(bool))
def test_a_figure_below_a_hundred_shows_three_digits(value: Fraction) -> None:
    digits = significant(value).lstrip("-").replace(".", "").lstrip("0")
    assert len(digits) == 3 or abs(value) >= 100


@given(st.integers(360_000_000, 360_000_000_000_000 - 1))
def test_watt_hours_and_kilowatt_hours_stay_below_a_hundred(energy_uj: int) -> None:
    figure, unit = plain(format_energy(energy_uj)).split(" ")
    assert unit == "MWh" or Decimal("0.1") <= Decimal(figure) < 100


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=999_000))
def test_a_mass_shows_between_one_and_a_thousand(grams: Fraction) -> None:
    figure, _ = plain(format_mass(grams)).split(" ")
    assert 1 <= Decimal(figure) < 1_000
