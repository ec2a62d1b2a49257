"""How figures are written on a page: number, unit, and a dash where there is none."""

from collections.abc import Mapping
from datetime import UTC, datetime
from fractions import Fraction

from joulebook.core.units import (
    MISSING,
    THIN_SPACE,
    UJ_PER_KWH,
    US_PER_S,
    format_energy,
    format_mass,
    significant,
)

MW_PER_W = 1_000
MINUS = "\u2212"
TIMES = "\u00d7"
_SI = ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k"))
_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_LONG_S = 120
_MANY = 1_000_000
_TOO_MANY = 10**12


def energy(energy_uj: int | str | None) -> str:
    """Energy with three digits, from integer µJ."""
    return format_energy(None if energy_uj is None else int(energy_uj))


def mass(kilograms: float | None) -> str:
    """Mass of CO2e with three digits, from kg."""
    return format_mass(None if kilograms is None else Fraction(kilograms) * 1_000)


def power(power_mw: int | None) -> str:
    """Power with three digits, from mW."""
    if power_mw is None:
        return MISSING
    watts = Fraction(power_mw, MW_PER_W)
    for size, prefix in _SI:
        if watts >= size:
            return f"{significant(watts / size)}{THIN_SPACE}{prefix}W"
    return f"{significant(watts)}{THIN_SPACE}W"


def percent(share: float | None) -> str:
    """A share of 1 as a percentage."""
    if share is None:
        return MISSING
    digits = 0 if share >= 1 or share == 0 else 1
    return f"{100 * share:.{digits}f}{THIN_SPACE}%"


def error(uncertainty_kwh: float | None, energy_uj: int | str) -> str:
    """± as a share of the energy; a dash where there is no energy to be off from."""
    whole = int(energy_uj)
    if uncertainty_kwh is None or not whole:
        return MISSING
    return f"±{100 * uncertainty_kwh * UJ_PER_KWH / whole:.0f}{THIN_SPACE}%"


def change(now: float | None, before: float | None) -> str | None:
    """How much more or less than before; None where there is nothing to compare."""
    if now is None or not before:
        return None
    share = (now - before) / before
    if abs(share) >= 10:  # noqa: PLR2004 - beyond it a factor says more
        return f"{number(float(f'{now / before:.0f}'))}{TIMES}"
    told = f"{100 * abs(share):.1f}"
    sign = "±" if float(told) == 0 else "+" if share > 0 else MINUS
    return f"{sign}{told}{THIN_SPACE}%"


def number(value: float) -> str:
    """A plain number: whole ones with spaces, others with three digits, large ones by prefix."""
    if abs(value) >= _TOO_MANY:
        return f"{value:.3g}"
    if abs(value) >= _MANY:
        for size, prefix in _SI:
            if abs(value) >= size:
                return f"{significant(Fraction(value) / size)}{THIN_SPACE}{prefix}"
    if float(value).is_integer():
        return f"{int(value):,}".replace(",", THIN_SPACE)
    return significant(Fraction(value))


def joules(value: float) -> str:
    """Energy per unit of work, from J."""
    if value >= _TOO_MANY:
        return f"{value:.3g}{THIN_SPACE}J"
    return f"{significant(Fraction(value))}{THIN_SPACE}J"


def duration(length_us: int) -> str:
    """A length of time, such as ``3 min 20 s``."""
    seconds = length_us // US_PER_S
    if seconds < _LONG_S:
        return f"{length_us / US_PER_S:.1f}{THIN_SPACE}s"
    for size, unit in _SPANS:
        if seconds >= size:
            rest = seconds % size * 60 // size if size > 60 else seconds % size  # noqa: PLR2004
            below = {"d": "h", "h": "min", "min": "s"}[unit]
            rest = seconds % size // 3_600 if unit == "d" else rest
            return f"{seconds // size}{THIN_SPACE}{unit} {rest}{THIN_SPACE}{below}"
    return MISSING


def ago(time_us: int, now_us: int) -> str:
    """How long before now."""
    return "now" if now_us - time_us < 60 * US_PER_S else f"{duration(now_us - time_us)} ago"


def moment(time_us: int | None) -> str:
    """Date and time, UTC, to the second."""
    if time_us is None:
        return MISSING
    return datetime.fromtimestamp(time_us / US_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S")


def told(value: object) -> str:
    """What a person wrote in a correction, as text: ``label W4A16, method quantization``."""
    if isinstance(value, Mapping):
        return (
            ", ".join(f"{name} {told(one)}" for name, one in value.items() if one not in (None, []))
            or MISSING
        )
    if isinstance(value, list):
        return " + ".join(map(told, value))
    if isinstance(value, int | float):
        return number(value)
    return str(value)
