"""How many memory modules a machine has, by the best source that can be read.

- The firmware's table, SMBIOS type 17, one structure a socket, where sysfs shows it to root
  (Documentation/ABI/testing/sysfs-firmware-dmi-entries). The word at offset 0x0C is the size:
  0 is an empty socket, 0xFFFF an unknown size (DMTF DSP0134, "Memory Device").
- EDAC, the kernel's watch over memory errors (Documentation/ABI/testing/sysfs-devices-edac): one
  folder a module, readable by all. Some drivers tell ranks; a rank is no module, and not counted.
- Else a guess by size: the fewest of 2, 4, 8, 16 or 32 that hold ``MemTotal`` at 32 GiB each.
"""

from dataclasses import dataclass
from pathlib import Path

from joulebook.probes.small_file import number_in, text_of

_KIB_PER_GIB = 1 << 20
_GIB_PER_MODULE = 32
_GUESSES = (2, 4, 8, 16, 32)
_SIZE_AT = slice(0x0C, 0x0E)


@dataclass(frozen=True, slots=True)
class Modules:
    """Memory modules.

    Attributes:
        count: How many.
        source: The tree that told.
    """

    count: int
    source: Path


def counted_modules(sysfs_root: Path) -> Modules | None:
    """The modules that a physical machine tells of; None where it tells of none."""
    firmware = sysfs_root / "firmware" / "dmi" / "entries"
    if count := sum(_is_filled(path) for path in firmware.glob("17-*/raw")):
        return Modules(count, firmware)
    controllers = sysfs_root / "devices" / "system" / "edac" / "mc"
    if count := sum(bool(number_in(path)) for path in controllers.glob("mc*/dimm*/size")):
        return Modules(count, controllers)
    return None


def guessed_modules(total_kib: int) -> int:
    """How many modules so much memory, KiB, is likely to be in."""
    room = total_kib / (_GIB_PER_MODULE * _KIB_PER_GIB)
    return next((guess for guess in _GUESSES if guess >= room), _GUESSES[-1])


def memory_kib(procfs_root: Path) -> int | None:
    """All memory that the kernel manages, KiB; None where it is not told."""
    for line in (text_of(procfs_root / "meminfo") or "").splitlines():
        words = line.split()
        if words[:1] == ["MemTotal:"] and len(words) > 1 and words[1].isdigit():
            return int(words[1]) or None
    return None


def _is_filled(path: Path) -> bool:
    try:
        size = path.read_bytes()[_SIZE_AT]
    except OSError:
        return False
    return any(size)
