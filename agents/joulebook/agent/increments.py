"""Totals of jobs that others count, as what came since they were last asked for."""

from collections.abc import Collection, Mapping


class Increments:
    """Tells every amount once: a job's record adds up what it is told."""

    def __init__(self) -> None:
        self._told: dict[str, dict[str, int]] = {}

    def since(self, job: str, totals: Mapping[str, int]) -> dict[str, int]:
        """By how much a job's totals grew; a unit that is new is told, also at 0.

        Args:
            job: Its uid.
            totals: What it came to so far; never less than before.
        """
        told = self._told.setdefault(job, {})
        grown = {
            unit: amount - told.get(unit, 0)
            for unit, amount in totals.items()
            if unit not in told or amount > told[unit]
        }
        told.update(totals)
        return grown

    def jobs(self) -> Collection[str]:
        """Jobs of which something was told."""
        return self._told.keys()

    def forget(self, job: str) -> None:
        """The job's totals begin at 0 again."""
        self._told.pop(job, None)
