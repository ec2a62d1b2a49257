"""Arithmetic of a report's rows: exact sums, rounded once at the end."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from joulebook.core.carbon import Factor, emissions_g, facility_uj
from joulebook.core.units import UJ_PER_J, UJ_PER_KWH, kwh
from joulebook_server.services.report_work import Work
from joulebook_server.services.site import Site
from joulebook_server.services.transfer import transfer
from joulebook_server.store.reports import Line


@dataclass
class Row:
    """Sums of one row.

    Attributes:
        energy_uj: Energy at the machines, µJ.
        grams: Location-based CO2e, exact; of no meaning if a flag says that a factor is missing.
        by_method: Energy by method, µJ.
        err_sys_uj: Systematic error by (component, method), µJ.
        err_rand_sq: Sum of squares of random errors, µJ².
        buckets: Buckets with a line in this row.
        flags: Why there are no grams.
    """

    energy_uj: int = 0
    grams: Fraction = Fraction(0)
    by_method: dict[str, int] = field(default_factory=dict)
    err_sys_uj: dict[tuple[str, str], int] = field(default_factory=dict)
    err_rand_sq: int = 0
    buckets: set[str] = field(default_factory=set)
    factors: dict[str, Factor] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)

    def add(self, line: Line, site: Site) -> None:
        """Add a line's energy, errors and grams."""
        method, component = line.labels["method"], line.labels["component"]
        sensor = (component, method)
        self.energy_uj += line.energy_uj
        self.by_method[method] = self.by_method.get(method, 0) + line.energy_uj
        self.err_sys_uj[sensor] = self.err_sys_uj.get(sensor, 0) + line.err_sys_uj
        self.err_rand_sq += line.err_rand_sq
        self.buckets.add(line.labels["bucket"])
        factor, flag = site.factor(line.labels["zone"])
        if factor is None:
            self.flags.add(flag or "no_zone")
        else:
            self.factors[factor.factor_id] = factor
            self.grams += emissions_g(line.energy_uj, factor.grams_per_kwh, site.pue)

    @property
    def jobs_alone(self) -> bool:
        """Whether all of it is booked to jobs."""
        return self.buckets <= {"job", "held"}

    @property
    def uncertainty_uj(self) -> float:
        """Systematic errors linear per sensor type, then all in quadrature, µJ."""
        return math.sqrt(sum(error**2 for error in self.err_sys_uj.values()) + self.err_rand_sq)

    def figures(self, site: Site, coverage: float | None, work: Work) -> dict[str, Any]:
        """The row as it is answered; everything is exact until here."""
        return {
            "energy_uj": str(self.energy_uj),
            "energy_kwh": kwh(self.energy_uj),
            "facility_kwh": float(facility_uj(self.energy_uj, site.pue) / UJ_PER_KWH),
            **self._emissions(),
            "cost": None,
            "currency": None,
            "coverage": coverage,
            "methods": {
                method: energy / self.energy_uj
                for method, energy in sorted(self.by_method.items())
                if self.energy_uj
            },
            "uncertainty_kwh": self.uncertainty_uj / UJ_PER_KWH,
            "work": dict(sorted(work.amounts.items())),
            "energy_per_work_j": {
                unit: float(self.energy_uj / (UJ_PER_J * Fraction(work.amounts[unit])))
                for unit in sorted(work.rated)
                if work.amounts[unit] and self.jobs_alone
            },
            "transfer": transfer(work.amounts, site.transfer),
            "factor_ids": sorted(self.factors),
            "flags": sorted(self._flags()),
        }

    def _emissions(self) -> dict[str, float | None]:
        """Grams, and their range by the energy's uncertainty; a factor states none of its own."""
        names = ("emissions_kg", "emissions_low_kg", "emissions_high_kg")
        if self._flags():
            return dict.fromkeys(names)
        share = Fraction(self.uncertainty_uj) / self.energy_uj if self.energy_uj else Fraction(0)
        around = (Fraction(1), max(Fraction(0), 1 - share), 1 + share)
        return {name: float(self.grams / 1000 * by) for name, by in zip(names, around, strict=True)}

    def _flags(self) -> set[str]:
        return self.flags if self.buckets else {"no_data"}
