"""From microjoules to grams: facility energy times carbon intensity, exact until output."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from joulebook.core.units import UJ_PER_KWH


@dataclass(frozen=True, slots=True)
class Factor:
    """How much CO2e one kWh of a grid carries, and who says so.

    Attributes:
        factor_id: Stable name of this row, such as ``codecarbon-3.3.2/FR/2023``.
        zone: ISO 3166 code: country ``FR`` or subdivision ``US-CA``.
        name: The zone for people.
        year: Vintage, the year the figure describes.
        intensity: Published figure in `unit`.
        unit: Unit of the published figure (``gCO2e/kWh``, ``lb/MWh``).
        kind: ``average``, ``marginal`` or ``residual``.
        boundary: ``lifecycle``, ``direct`` or ``unstated``.
        source: Where it was published.
    """

    factor_id: str
    zone: str
    name: str
    year: int
    intensity: Decimal
    unit: str
    kind: str
    boundary: str
    source: str

    @property
    def grams_per_kwh(self) -> Fraction:
        """The intensity in gCO2e/kWh, exact."""
        return Fraction(self.intensity) * GRAMS_PER_KWH[self.unit]


#: How many gCO2e/kWh one of each unit is. The pound is 453.59237 g by definition (1959).
GRAMS_PER_KWH = {
    "gCO2e/kWh": Fraction(1),
    "gCO2/kWh": Fraction(1),  # CO2 alone, a little less than CO2e
    "kgCO2e/kWh": Fraction(1000),
    "lb/MWh": Fraction(45359237, 100_000_000),
    "kg/MWh": Fraction(1),
}


def facility_uj(energy_uj: int, pue: Fraction) -> Fraction:
    """Energy of the facility in µJ for `energy_uj` at the machine: ``E·PUE``.

    Raises:
        ValueError: PUE is below 1; a building does not save energy its machines used.
    """
    if pue < 1:
        raise ValueError(f"PUE must be at least 1, not {float(pue)}")
    return energy_uj * pue


def emissions_g(energy_uj: int, grams_per_kwh: Fraction, pue: Fraction = Fraction(1)) -> Fraction:
    """Grams of CO2e, location-based: ``E·PUE·I``, exact.

    Args:
        energy_uj: Energy at the machine, µJ.
        grams_per_kwh: Carbon intensity of the grid, gCO2e/kWh.
        pue: Power usage effectiveness of the building, at least 1.

    Raises:
        ValueError: The intensity is negative (some providers send -1 for "no value") or
            PUE is below 1.
    """
    if grams_per_kwh < 0:
        raise ValueError("a negative carbon intensity is a provider's way to say: no value")
    return facility_uj(energy_uj, pue) / UJ_PER_KWH * grams_per_kwh
