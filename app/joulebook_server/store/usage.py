"""What jobs have used, from the ledger."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from joulebook_server.store.descriptions import DEVICES
from joulebook_server.store.engine import rows_of
from joulebook_server.store.ledger import LEDGER
from joulebook_server.store.squares import joined


@dataclass
class Usage:
    """Energy, observed time and errors of one or several jobs.

    Attributes:
        energy_by_method: Energy, µJ.
        err_sys_uj: Systematic error, µJ, by (component, method): it adds linearly.
        err_rand_sq: Sum of squares of random errors, µJ².
        observed_us: Observed time, µs, by (host, device).
    """

    energy_by_method: dict[str, int] = field(default_factory=dict)
    err_sys_uj: dict[tuple[str, str], int] = field(default_factory=dict)
    err_rand_sq: int = 0
    observed_us: dict[str, int] = field(default_factory=dict)

    @property
    def energy_uj(self) -> int:
        """Energy over all methods, µJ."""
        return sum(self.energy_by_method.values())

    @property
    def error_uj(self) -> int:
        """Uncertainty, µJ: systematic linear per sensor type, then all in quadrature."""
        systematic = sum(error**2 for error in self.err_sys_uj.values())
        return math.isqrt(systematic + self.err_rand_sq)

    def method_shares(self) -> dict[str, float]:
        """Share of the energy by method; empty where there is none."""
        total = self.energy_uj
        return {
            method: energy / total
            for method, energy in sorted(self.energy_by_method.items())
            if total
        }

    @classmethod
    def sum(cls, several: Iterable["Usage"]) -> "Usage":
        """Several together."""
        total = cls()
        for one in several:
            for method, energy in one.energy_by_method.items():
                before = total.energy_by_method.get(method, 0)
                total.energy_by_method[method] = before + energy
            for sensor, error in one.err_sys_uj.items():
                total.err_sys_uj[sensor] = total.err_sys_uj.get(sensor, 0) + error
            for device, time_us in one.observed_us.items():
                total.observed_us[device] = total.observed_us.get(device, 0) + time_us
            total.err_rand_sq += one.err_rand_sq
        return total


def usage_by_job(connection: Connection, uids: Collection[str]) -> dict[str, Usage]:
    """Usage of each job that the ledger knows."""
    query = select(LEDGER, DEVICES.c.kind.label("component")).join(
        DEVICES,
        (DEVICES.c.host_id == LEDGER.c.host_id) & (DEVICES.c.device_uid == LEDGER.c.device_uid),
    )
    found: dict[str, Usage] = {}
    for row in rows_of(connection, query, LEDGER.c.job_uid, uids):
        usage = found.setdefault(row.job_uid, Usage())
        sensor = (row.component, row.method)
        by_method = usage.energy_by_method
        by_method[row.method] = by_method.get(row.method, 0) + row.energy_uj
        usage.err_sys_uj[sensor] = usage.err_sys_uj.get(sensor, 0) + row.err_sys_uj
        usage.err_rand_sq += joined(row.err_rand_high, row.err_rand_low)
        if row.bucket == "job":
            before = usage.observed_us.get(row.device_uid, 0)
            usage.observed_us[row.device_uid] = before + row.observed_us
    return found
