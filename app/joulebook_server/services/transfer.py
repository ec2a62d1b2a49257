"""What the bytes that jobs moved may have cost outside: a term of its own, off unless asked for."""

from collections.abc import Mapping
from typing import Any

from joulebook.core.transfer import Coefficient, transfer_energy
from joulebook.core.units import kwh

#: Units of work that crossed the network; what went to storage did not.
UNITS = ("received_bytes", "sent_bytes")


def transfer(work: Mapping[str, float], coefficient: Coefficient | None) -> dict[str, Any] | None:
    """The term of one report row or job, never part of its energy.

    Args:
        work: Amounts by unit.
        coefficient: Energy for each GB; None: the term is off.

    Returns:
        None where it is off, or nobody counted the bytes: then there is no figure, not 0.
    """
    told = [int(work[unit]) for unit in UNITS if unit in work]
    found = transfer_energy(sum(told) if told else None, coefficient)
    if found is None:
        return None
    return {
        "bytes": sum(told),
        "energy_uj": str(found.energy_uj),
        "low_uj": str(found.low_uj),
        "high_uj": str(found.high_uj),
        "energy_kwh": kwh(found.energy_uj),
        "method": found.method,
    }


def described(coefficient: Coefficient | None) -> dict[str, Any] | None:
    """What the term is computed with, and who says so; None where it is off."""
    if coefficient is None:
        return None
    return {
        "kwh_per_gb": kwh(coefficient.central_uj),
        "kwh_per_gb_low": kwh(coefficient.low_uj),
        "kwh_per_gb_high": kwh(coefficient.high_uj),
        "year": coefficient.year,
        "source": coefficient.source,
    }
