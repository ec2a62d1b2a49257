"""Energy of moving bytes: off unless asked for, a range, and never more than an estimate."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.transfer import published, stated, transfer_energy
from joulebook.core.units import UJ_PER_KWH

GB = 1_000_000_000


def test_the_term_is_off_unless_a_coefficient_is_given() -> None:
    assert transfer_energy(5 * GB, None) is None


def test_bytes_that_nobody_could_tell_have_no_energy_and_not_zero() -> None:
    assert transfer_energy(None, published(2015)) is None


def test_the_published_figure_is_0_06_kwh_for_each_gb_in_2015() -> None:
    energy = transfer_energy(GB, published(2015))
    assert energy is not None
    assert energy.energy_uj == UJ_PER_KWH * 6 // 100
    assert energy.method == "estimated"
    assert "doi:10.1111/jiec.12630" in energy.coefficient.source


@pytest.mark.parametrize(("year", "times"), [(2017, 2), (2019, 4), (2025, 32)])
def test_it_halves_every_two_years(year: int, times: int) -> None:
    assert published(year).central_uj == UJ_PER_KWH * 6 // 100 // times


def test_a_year_between_is_the_root_of_a_half() -> None:
    assert published(2016).central_uj / published(2015).central_uj == pytest.approx(0.5**0.5)


def test_it_never_falls_below_what_is_published() -> None:
    assert published(2060).central_uj == published(2060).low_uj == UJ_PER_KWH // 1000


@pytest.mark.parametrize("year", [2000, 2015, 2026, 2100])
def test_the_range_holds_the_figure_and_reaches_over_a_factor_of_60(year: int) -> None:
    found = published(year)
    assert found.low_uj <= found.central_uj <= found.high_uj
    assert found.high_uj >= 60 * found.low_uj


def test_a_figure_of_ones_own_has_its_source_beside_it() -> None:
    energy = transfer_energy(2 * GB, stated(Decimal("0.005"), "our provider, 2026"))
    assert energy is not None
    assert energy.energy_uj == UJ_PER_KWH // 100
    assert (energy.low_uj, energy.high_uj) == (UJ_PER_KWH // 500, UJ_PER_KWH * 12 // 100)
    assert energy.coefficient.source == "our provider, 2026"


@pytest.mark.parametrize("figure", ["-0.1", "NaN", "Infinity", "1001"])
def test_a_figure_that_cannot_be_is_refused(figure: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 1000"):
        stated(Decimal(figure), "a mistake")


@pytest.mark.parametrize("year", [1999, 2101])
def test_a_year_outside_the_trend_is_refused(year: int) -> None:
    with pytest.raises(ValueError, match="from 2000 to 2100"):
        published(year)


def test_negative_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="never negative"):
        transfer_energy(-1, published(2015))


@given(st.integers(0, 10**18), st.integers(2000, 2100))
def test_energy_is_whole_microjoules_within_its_range(moved: int, year: int) -> None:
    energy = transfer_energy(moved, published(year))
    assert energy is not None
    assert 0 <= energy.low_uj <= energy.energy_uj <= energy.high_uj
    assert energy.low_uj == moved * 18 // 5  # 3.6 µJ for each byte
