"""Emission factors by zone; an unknown zone is an error, never another country."""

import csv
import difflib
from collections.abc import Iterator, Sequence
from decimal import Decimal

from joulebook.core.carbon import GRAMS_PER_KWH, Factor
from joulebook.errors import InvalidInput

_NEAREST = 4
_INFINITE = Decimal("Infinity")


class FactorTable:
    """Factors, one per zone.

    Args:
        factors: The rows; of two for one zone the newer vintage counts.

    Raises:
        InvalidInput: A row has a unit that cannot be converted, or a value below 0.
    """

    def __init__(self, factors: Sequence[Factor]) -> None:
        self._by_zone: dict[str, Factor] = {}
        for factor in sorted(factors, key=lambda factor: factor.year):
            if factor.unit not in GRAMS_PER_KWH or not 0 <= factor.intensity < _INFINITE:
                raise InvalidInput(
                    f"{factor.factor_id}: cannot use {factor.intensity} {factor.unit}"
                )
            self._by_zone[factor.zone] = factor

    @classmethod
    def parse(cls, text: str) -> "FactorTable":
        """Read a CSV whose columns are the fields of `Factor`.

        Raises:
            InvalidInput: A column is missing or a number cannot be read; the text names the line.
        """
        rows = csv.DictReader(text.splitlines(keepends=True))
        return cls([_factor(row, line) for line, row in enumerate(rows, start=2)])

    def __iter__(self) -> Iterator[Factor]:
        return iter(self._by_zone.values())

    def __len__(self) -> int:
        return len(self._by_zone)

    def get(self, zone: str) -> Factor:
        """The factor of a zone such as ``FR`` or ``US-CA``; case does not matter.

        Raises:
            InvalidInput: No factor is known for it; the text lists the nearest zones.
        """
        found = self._by_zone.get(zone.strip().upper())
        if found is None:
            raise InvalidInput(f"no emission factor for zone {zone!r}; near: {self._near(zone)}")
        return found

    def cleanest(self) -> Factor:
        """The country with the lowest intensity."""
        return min(self._countries(), key=lambda factor: factor.grams_per_kwh)

    def dirtiest(self) -> Factor:
        """The country with the highest intensity."""
        return max(self._countries(), key=lambda factor: factor.grams_per_kwh)

    def _countries(self) -> list[Factor]:
        return [factor for factor in self if "-" not in factor.zone]

    def _near(self, zone: str) -> str:
        """Zones whose code or name is like the one asked for."""
        asked = zone.strip().casefold()
        names = {factor.name.casefold(): factor for factor in self}
        names |= {factor.zone.casefold(): factor for factor in self}
        close = difflib.get_close_matches(asked, names, _NEAREST, 0.0)
        return ", ".join(dict.fromkeys(f"{names[n].zone} ({names[n].name})" for n in close))


def _factor(row: dict[str, str], line: int) -> Factor:
    try:
        return Factor(
            factor_id=row["factor_id"],
            zone=row["zone"].upper(),
            name=row["name"],
            year=int(row["year"]),
            intensity=_decimal(row["intensity"]),
            unit=row["unit"],
            kind=row["kind"],
            boundary=row["boundary"],
            source=row["source"],
        )
    except KeyError as error:
        raise InvalidInput(f"the factor table has no column {error}") from error
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        raise InvalidInput(f"line {line} of the factor table cannot be read: {error}") from error


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if value.is_nan():
        raise ValueError("an intensity is a number")
    return value
