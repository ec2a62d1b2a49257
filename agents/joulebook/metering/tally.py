"""What one span has used so far, kept exactly."""

import math
from dataclasses import dataclass, field

from joulebook.core.window import Window


@dataclass
class Tally:
    """Energy booked to one span and its children, by device and method.

    Attributes:
        energy_uj: Energy, µJ, by (device kind, method).
        observed_us: Observed time, µs, by device uid.
        err_sys_uj: Systematic error, µJ, by (device kind, method): it adds linearly.
        told: Whether any window could tell whose its energy was.
        untold_uj: Energy of its devices, µJ, of which nobody could tell whose it was, by kind.
        err_rand_sq: Sum of squares of random errors, µJ²: they add in quadrature.
    """

    energy_uj: dict[tuple[str, str], int] = field(default_factory=dict)
    observed_us: dict[str, int] = field(default_factory=dict)
    err_sys_uj: dict[tuple[str, str], int] = field(default_factory=dict)
    err_rand_sq: int = 0
    told: bool = False
    untold_uj: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, window: Window, energy_uj: int) -> None:
        """Book `energy_uj` of a window; its errors follow the share pro rata."""
        key = (kind, window.method)
        whole_uj = max(window.energy_uj, 1)
        self.energy_uj[key] = self.energy_uj.get(key, 0) + energy_uj
        self.err_sys_uj[key] = (
            self.err_sys_uj.get(key, 0) + window.err_sys_uj * energy_uj // whole_uj
        )
        self.err_rand_sq += (window.err_rand_uj * energy_uj // whole_uj) ** 2

    def watch(self, kind: str, window: Window, untold_uj: int | None) -> None:
        """Count a window's observed time; once per window, whatever was booked.

        Args:
            kind: Kind of its device.
            window: The window.
            untold_uj: So much of its energy is unknown, µJ; None where it was not split at all.
        """
        if untold_uj:
            self.untold_uj[kind] = self.untold_uj.get(kind, 0) + untold_uj
        self.told = self.told or (untold_uj is not None and untold_uj < max(window.energy_uj, 1))
        self.observed_us[window.uid] = self.observed_us.get(window.uid, 0) + window.observed_us

    @property
    def total_uj(self) -> int:
        """Energy over all devices, µJ."""
        return sum(self.energy_uj.values())

    @property
    def error_uj(self) -> int:
        """Uncertainty of the total, µJ: per sensor type linear, then in quadrature."""
        systematic = sum(error**2 for error in self.err_sys_uj.values())
        return math.isqrt(systematic + self.err_rand_sq)

    def method_shares(self) -> dict[str, float]:
        """Share of the energy by method; empty where nothing was booked."""
        total = self.total_uj
        by_method: dict[str, int] = {}
        for (_, method), energy_uj in self.energy_uj.items():
            by_method[method] = by_method.get(method, 0) + energy_uj
        return {method: uj / total for method, uj in sorted(by_method.items()) if total}

    def coverage(self, span_us: int) -> float | None:
        """Observed time over expected time, 0 to 1; None where no device was metered."""
        if not self.observed_us or span_us <= 0:
            return None
        expected = span_us * len(self.observed_us)
        return min(1.0, sum(self.observed_us.values()) / expected)
