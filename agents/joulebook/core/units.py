"""Exact units of energy, power and time, and how they are written for people.

Inside joulebook energy is an integer number of microjoules, power an integer number
of milliwatts, time an integer number of microseconds. Rounding happens once, here, when
a figure leaves for a reader.
"""

from decimal import Context, Decimal
from fractions import Fraction

UJ_PER_MJ = 1_000
UJ_PER_J = 1_000_000
UJ_PER_WH = 3_600_000_000
UJ_PER_KWH = 3_600_000_000_000
US_PER_S = 1_000_000
QUARTER_US = 900 * US_PER_S

THIN_SPACE = "\u2009"
MISSING = "\u2013"

_WIDE = Context(prec=1_000)  # wide enough that moving the point never rounds

_ENERGY_STEPS = (
    (UJ_PER_KWH * 1_000, "MWh"),
    (UJ_PER_KWH, "kWh"),
    (UJ_PER_WH, "Wh"),
)
_MASS_STEPS = (
    (Fraction(1_000_000), "t"),
    (Fraction(1_000), "kg"),
    (Fraction(1), "g"),
    (Fraction(1, 1_000), "mg"),
    (Fraction(1, 1_000_000), "\u00b5g"),
)


def kwh(energy_uj: int) -> float:
    """Energy in kWh, correctly rounded from integer microjoules."""
    return energy_uj / UJ_PER_KWH


def quarter_of(time_us: int) -> int:
    """Start of the quarter hour that holds `time_us` (both µs since the Unix epoch)."""
    return time_us - time_us % QUARTER_US


def energy_over(power_mw: int, duration_us: int) -> int:
    """Energy in µJ of `power_mw` held for `duration_us`, rounded down (1 mW·µs = 1 nJ)."""
    return power_mw * duration_us // 1_000


def format_energy(energy_uj: int | None) -> str:
    """Three significant digits with a prefix that follows the size, such as ``1.25 kWh``."""
    if energy_uj is None:
        return MISSING
    for size, unit in _ENERGY_STEPS:
        figure = _rounded(Fraction(energy_uj, size))
        if abs(figure) >= Fraction(1, 10):
            return _figure(figure, unit)
    return _figure(Fraction(energy_uj, UJ_PER_J), "J")


def format_mass(grams: Fraction | None) -> str:
    """Grams of CO2e with a prefix that follows the size, or a dash where none is known."""
    if grams is None:
        return MISSING
    if grams == 0:
        return _figure(grams, "g")
    for size, unit in _MASS_STEPS:
        figure = _rounded(grams / size)
        if abs(figure) >= 1:
            return _figure(figure, unit)
    return _figure(grams * 1_000_000, "\u00b5g")


def significant(value: Fraction, digits: int = 3) -> str:
    """Plain decimal with `digits` significant digits, never with an exponent.

    Exact: the fraction itself is rounded, half to even, not a decimal near it.
    """
    if value == 0:
        return "0"
    place = _place(value, digits)
    figure = round(value / Fraction(10) ** place)
    return f"{Decimal(figure).scaleb(place, _WIDE):f}"


def _rounded(value: Fraction, digits: int = 3) -> Fraction:
    """The value that `significant` writes; a prefix is chosen by it, not by what it hides."""
    if value == 0:
        return value
    step = Fraction(10) ** _place(value, digits)
    return round(value / step) * step


def _place(value: Fraction, digits: int) -> int:
    """Power of ten of the last of `digits` significant digits, after rounding up if it does."""
    size = abs(value)
    lead = len(str(size.numerator)) - len(str(size.denominator))
    if size < Fraction(10) ** lead:
        lead -= 1
    place = lead - digits + 1
    carries = round(size / Fraction(10) ** place) >= 10**digits
    return place + 1 if carries else place


def _figure(value: Fraction, unit: str) -> str:
    return f"{significant(value)}{THIN_SPACE}{unit}"
