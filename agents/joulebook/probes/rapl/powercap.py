"""The zones of the powercap tree in sysfs: read once, sorted, none counted twice.

Kernel document: Documentation/power/powercap/powercap.rst. The tree is seen flat
(``intel-rapl:0:0`` beside ``intel-rapl:0``), nested, or both.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.probes.protocol import Dropped

# The prefix is Intel's, the driver behind it also AMD's.
_ZONE = re.compile(r"intel-rapl(?P<twin>-[a-z]+)?:(?P<numbers>\d+(?::\d+)*)")
_PACKAGE = re.compile(r"package-\d+(-die-\d+)?")
_INSIDE = ("core", "uncore")


@dataclass(frozen=True, slots=True)
class Zone:
    """One powercap zone.

    Attributes:
        path: Its folder.
        numbers: The numbers of its folder's name; a nested zone begins with its parent's.
        twin: Suffix of a second interface to the same counters, such as ``-mmio``; else empty.
        label: What its ``name`` file says, such as ``package-0`` or ``dram``.
    """

    path: Path
    numbers: tuple[int, ...]
    twin: str
    label: str

    @property
    def is_package(self) -> bool:
        """Whether it is a whole package, or one die of a package of several."""
        return _PACKAGE.fullmatch(self.label) is not None


@dataclass(frozen=True, slots=True)
class Metered:
    """A zone to read, and the label of the package it is or belongs to."""

    zone: Zone
    package: str


def zones(folder: Path) -> list[Zone]:
    """All zones under ``class/powercap``, in the order of their numbers (9 before 10).

    Raises:
        OSError: The folder cannot be listed; FileNotFoundError where there is none.
    """
    found = {zone.path.name: zone for zone in _walk(folder)}
    return sorted(found.values(), key=lambda zone: (zone.twin, zone.numbers))


def select(found: Sequence[Zone]) -> tuple[list[Metered], list[Dropped]]:
    """Zones to meter, and those left out because others hold their energy already."""
    metered: list[Metered] = []
    dropped: list[Dropped] = []
    parents = {(zone.twin, zone.numbers): zone for zone in found}
    taken: dict[tuple[bool, str], Zone] = {}
    for zone in found:
        package = zone if zone.is_package else parents.get((zone.twin, zone.numbers[:-1]))
        key = (zone.is_package, package.label if package is not None else zone.path.name)
        reason = _why_not(zone, taken.get(key))
        if reason is not None:
            dropped.append(Dropped(str(zone.path), reason))
        else:
            taken[key] = zone
            metered.append(Metered(zone, key[1]))
    return metered, dropped


def _walk(folder: Path) -> Iterator[Zone]:
    """Zones in `folder` and in its zones; links are followed by name, so none repeats."""
    for path in sorted(folder.iterdir()):
        match = _ZONE.fullmatch(path.name)
        if match is None or not path.is_dir():
            continue
        numbers = tuple(int(number) for number in match["numbers"].split(":"))
        yield Zone(path, numbers, match["twin"] or "", _label(path))
        yield from _walk(path)


def _label(path: Path) -> str:
    try:
        return (path / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _why_not(zone: Zone, same: Zone | None) -> str | None:
    """Why a zone would count something twice; None where it does not."""
    if zone.label == "psys":
        return "psys covers the whole platform, the packages among it"
    if zone.label in _INSIDE:
        return f"{zone.label} is a part of its package"
    if not zone.is_package and zone.label != "dram":
        return f"a zone named {zone.label!r} is not known; it may be part of another"
    if same is not None:
        return f"it counts the same energy as {same.path.name}"
    return None
