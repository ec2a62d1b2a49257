"""What figures cover, and what no sensor behind them sees."""

from collections.abc import Collection

#: What nothing here ever measures.
NEVER_COVERED = ("fans", "network cards", "storage", "power supply losses", "cooling beyond PUE")

_NAMES = {"gpu": "GPU", "cpu": "CPU package", "dram": "DRAM"}


def covered(kinds: Collection[str]) -> list[str]:
    """Names of the kinds of device that have a figure, in order of the alphabet."""
    return sorted({_NAMES.get(kind, kind) for kind in kinds})


def not_covered(kinds: Collection[str]) -> list[str]:
    """What a report with these kinds of device leaves out, by name."""
    return [*(name for kind, name in _NAMES.items() if kind not in kinds), *NEVER_COVERED]
