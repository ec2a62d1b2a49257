"""The hwmon tree of sysfs: its chips, and what each of them meters.

Kernel document: Documentation/hwmon/sysfs-interface.rst. Energy is in µJ, power in µW, voltage
in mV, current in mA, intervals in ms.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

#: Chips that tell voltage and current of a rail and no power.
RAIL_CHIPS = ("ina3221",)
#: Assumed where a mean does not say over which time it is one, µs: our own allowance.
UNKNOWN_AVERAGING_US = 1_000_000

_HWMON = re.compile(r"hwmon([0-9]+)")
_METER = re.compile(r"(energy|power)([0-9]+)_(input|average)")
_RAIL = re.compile(r"in([1-3])_input")
_LIMITS = ("max", "cap_max", "rated_max")
_US_PER_MS = 1_000
_UW_PER_MW = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """Where one value comes from.

    Attributes:
        paths: One file, or a voltage and a current.
        counts: Whether it is a counter of energy; else it is power.
        averaging_us: Time over which a power value is a mean, µs; 0 for a value of the instant.
    """

    paths: tuple[Path, ...]
    counts: bool = False
    averaging_us: int = 0


@dataclass(frozen=True, slots=True)
class Channel:
    """One thing that a chip meters.

    Attributes:
        number: The N in ``energyN_input``; 0 for a chip that meters nothing.
        label: What the chip calls it; empty where it does not.
        sources: Where its value can be had, best first.
        max_power_mw: The highest limit that is told, mW; None if none is.
    """

    number: int
    label: str
    sources: tuple[Source, ...]
    max_power_mw: int | None = None


@dataclass(frozen=True, slots=True)
class Chip:
    """One hwmon device.

    Attributes:
        path: Its folder under ``class/hwmon``.
        folder: Where its value files lie: `path`, or the device below it (older drivers).
        name: Name of the driver's chip, such as ``amdgpu``; empty where there is none.
        device: Name of the device it belongs to, such as ``0000:03:00.0``; empty if unknown.
    """

    path: Path
    folder: Path
    name: str
    device: str

    def text(self, file: str) -> str:
        """Content of a file of the chip; empty where it cannot be read."""
        return read_text(self.folder / file) or read_text(self.path / file)

    @property
    def update_us(self) -> int | None:
        """How often its values move, µs; None where it does not tell."""
        interval_ms = _number(self.folder / "update_interval")
        return interval_ms * _US_PER_MS if interval_ms else None

    def channels(self) -> list[Channel]:
        """What it meters, by number (9 before 10); one empty channel where that is nothing."""
        names = _names(self.folder)
        numbers = {int(match[2]) for match in map(_METER.fullmatch, names) if match}
        if self.name in RAIL_CHIPS:
            numbers |= {int(match[1]) for match in map(_RAIL.fullmatch, names) if match}
        return [self._channel(number) for number in sorted(numbers)] or [Channel(0, "", ())]

    def _channel(self, number: int) -> Channel:
        labels = (f"energy{number}_label", f"power{number}_label", f"in{number}_label")
        limits = [_number(self.folder / f"power{number}_{limit}") or 0 for limit in _LIMITS]
        return Channel(
            number,
            next(filter(None, map(self.text, labels)), ""),
            tuple(self._sources(number)),
            max(limits) // _UW_PER_MW or None,
        )

    def _sources(self, number: int) -> list[Source]:
        """Energy before power; a mean before an instant, which misses what lies between looks."""
        energy = self.folder / f"energy{number}_input"
        mean = self.folder / f"power{number}_average"
        power = self.folder / f"power{number}_input"
        rail = (self.folder / f"in{number}_input", self.folder / f"curr{number}_input")
        interval_ms = _number(mean.with_name(f"{mean.name}_interval"))
        averaging_us = interval_ms * _US_PER_MS if interval_ms else UNKNOWN_AVERAGING_US
        # Each value of a rail chip is a mean over its conversions (drivers/hwmon/ina3221.c).
        possible = (
            Source((energy,), counts=True),
            Source((mean,), averaging_us=averaging_us),
            Source((power,)),
            Source(rail if self.name in RAIL_CHIPS else (), averaging_us=self.update_us or 0),
        )
        return [one for one in possible if one.paths and all(map(os.path.lexists, one.paths))]


def chips(folder: Path) -> list[Chip]:
    """All chips under ``class/hwmon``, in the order of their numbers.

    Raises:
        OSError: The folder cannot be listed; FileNotFoundError where there is none.
    """
    names = [path.name for path in folder.iterdir()]
    matches = [match for match in map(_HWMON.fullmatch, names) if match]
    ordered = sorted(matches, key=lambda match: int(match[1]))
    return [_chip(folder / match[0]) for match in ordered]


def read_text(path: Path) -> str:
    """Content of a file without space around it; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def package_of_node(sysfs_root: Path, node: int) -> int | None:
    """Package of a NUMA node; its own number where sysfs does not tell, None without processors."""
    system = sysfs_root / "devices" / "system"
    processors = system / "node" / f"node{node}" / "cpulist"
    if not processors.exists():
        return node
    first = re.match(r"[0-9]+", read_text(processors))
    if first is None:
        return None
    told = _number(system / "cpu" / f"cpu{first[0]}" / "topology" / "physical_package_id")
    return node if told is None else told


def _chip(path: Path) -> Chip:
    device = path / "device"
    told = any(map(_METER.fullmatch, _names(path)))
    older = not told and any(map(_METER.fullmatch, _names(device)))
    name = read_text(path / "name") or read_text(device / "name")
    return Chip(path, device if older else path, name, _device_name(device))


def _device_name(device: Path) -> str:
    """The device's own name; by its events' description where there is no link to it."""
    if device.is_symlink():
        return Path(os.path.realpath(device)).name
    slot = re.search(r"^PCI_SLOT_NAME=(.+)$", read_text(device / "uevent"), re.MULTILINE)
    return slot[1] if slot else ""


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def _number(path: Path) -> int | None:
    """A whole number in a file; None where there is none to be had."""
    text = read_text(path)
    return int(text) if text.isdecimal() else None
