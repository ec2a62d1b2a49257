"""What counts the energy of a device."""

from typing import Protocol


class Counter(Protocol):
    """Counts; the ledger is to say the same."""

    @property
    def counted_uj(self) -> int:
        """What it counted since it was made, µJ."""
