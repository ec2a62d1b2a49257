"""What moving bytes over the internet may have cost elsewhere: an estimate, and a disputed one.

Nothing here was measured on this host. The term is off unless a person asks for it; it stands
beside the measured energy and is never added to it.

Published figures for electricity per gigabyte reach from 0.001 to 0.06 kWh:

- 0.06 kWh/GB for core and fixed-line access networks in 2015, halved about every two years since
  2000: Aslan, Mayers, Koomey and France, "Electricity Intensity of Internet Data Transmission:
  Untangling the Estimates", Journal of Industrial Ecology 22(4), 2018, doi:10.1111/jiec.12630.
  For years after 2015 the trend is carried on; nobody has measured that it holds.
- 0.001 kWh/GB between data centres of large providers: Cloud Carbon Footprint, methodology,
  "Networking", the smallest coefficient that it found.

Networks draw nearly the same power whether they are used or not, so a byte less saves less than
this.
"""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import isqrt

from joulebook.core.units import UJ_PER_KWH

BYTES_PER_GB = 1_000_000_000
#: Bounds of what is published, µJ for each GB: 0.001 and 0.06 kWh.
LOW_UJ_PER_GB = UJ_PER_KWH // 1_000
HIGH_UJ_PER_GB = UJ_PER_KWH * 6 // 100
_ASLAN_YEAR = 2015
_FIRST_YEAR = 2000  # where the trend begins
_LAST_YEAR = 2100  # far beyond what anybody can mean
_MOST_KWH_PER_GB = 1_000
METHOD = "estimated"


@dataclass(frozen=True, slots=True)
class Coefficient:
    """Energy for each GB (10^9 bytes) that crosses the network.

    Attributes:
        low_uj, central_uj, high_uj: The range, µJ for each GB.
        year: The year that the central figure describes; None where that is not said.
        source: Who says so.
    """

    low_uj: int
    central_uj: int
    high_uj: int
    year: int | None
    source: str


@dataclass(frozen=True, slots=True)
class TransferEnergy:
    """What a transfer may have cost.

    Attributes:
        low_uj, energy_uj, high_uj: The range, µJ.
        coefficient: What it was computed with.
        method: Always ``estimated``.
    """

    low_uj: int
    energy_uj: int
    high_uj: int
    coefficient: Coefficient
    method: str = METHOD


def published(year: int) -> Coefficient:
    """The coefficient of a year: 0.06 kWh/GB in 2015, half of it two years later.

    It is not taken below the smallest figure that is published, 0.001 kWh/GB.

    Raises:
        ValueError: The year is before 2000, where the trend begins, or after 2100.
    """
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise ValueError(f"must be a year from {_FIRST_YEAR} to {_LAST_YEAR}")
    # Half in two years is the square root of a half in one.
    square = Fraction(HIGH_UJ_PER_GB**2) / Fraction(2) ** (year - _ASLAN_YEAR)
    central_uj = max(isqrt(int(square)), LOW_UJ_PER_GB)
    return Coefficient(
        low_uj=LOW_UJ_PER_GB,
        central_uj=central_uj,
        high_uj=max(HIGH_UJ_PER_GB, central_uj),
        year=year,
        source="Aslan et al. 2018, doi:10.1111/jiec.12630; low: Cloud Carbon Footprint",
    )


def stated(kwh_per_gb: Decimal, source: str) -> Coefficient:
    """A coefficient that a person gives; its range is what is published, and holds the figure.

    Args:
        kwh_per_gb: Energy for each GB, kWh.
        source: Where it comes from.

    Raises:
        ValueError: It is below 0, above 1000, or no number.
    """
    if not kwh_per_gb.is_finite() or not 0 <= kwh_per_gb <= _MOST_KWH_PER_GB:
        raise ValueError("must be kWh for each GB, from 0 to 1000")
    central_uj = int(kwh_per_gb * UJ_PER_KWH)
    return Coefficient(
        low_uj=min(LOW_UJ_PER_GB, central_uj),
        central_uj=central_uj,
        high_uj=max(HIGH_UJ_PER_GB, central_uj),
        year=None,
        source=source,
    )


def transfer_energy(
    moved_bytes: int | None, coefficient: Coefficient | None
) -> TransferEnergy | None:
    """Energy of a transfer; each end of the range is rounded down once.

    Args:
        moved_bytes: Bytes received and sent, in whole; a sum is given once, not in pieces. None
            where they are not known.
        coefficient: Energy for each GB; None: nobody asked for the term.

    Returns:
        None where the bytes are not known or the term is off: then there is no figure, not 0.

    Raises:
        ValueError: The number of bytes is negative.
    """
    if moved_bytes is None or coefficient is None:
        return None
    if moved_bytes < 0:
        raise ValueError("bytes are never negative")
    low_uj, energy_uj, high_uj = (
        moved_bytes * per_gb_uj // BYTES_PER_GB
        for per_gb_uj in (coefficient.low_uj, coefficient.central_uj, coefficient.high_uj)
    )
    return TransferEnergy(low_uj, energy_uj, high_uj, coefficient)
