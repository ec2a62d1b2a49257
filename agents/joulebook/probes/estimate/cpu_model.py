"""Which processor this machine has, and its thermal design power by a table.

The table is codecarbon's list, compacted by ``scripts/import_cpu_power.py``; where it comes from
stands in ``cpu_power.PROVENANCE.md``. A name is looked up whole, after both sides went through
`normalized`: a near match would be another processor's power. ``E5-2680`` and ``E5-2680 v2``
differ by two letters and 15 W.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from joulebook.probes.small_file import text_of

_VENDORS = {"GenuineIntel": "intel", "AuthenticAMD": "amd"}
_UNKNOWN = "unknown"
#: What a maker, a shop or the kernel adds to the name of a model, in the order of removal.
_NOISE = (
    r"\((?:r|tm)\)|[®™]",
    r"\([^)]*\)",  # "(OEM Only)"; QEMU's "(Skylake, IBRS)"
    r"(?: 0)?\s*@.*",  # the base frequency; older Xeons have a 0 before it
    r"\b(?:with|w/|includes) .*",  # the graphics inside
    r"\bradeon .*",
    r"\b\d+(?:st|nd|rd|th) gen\b",
    r"\b(?:\d+|dual|triple|quad|six|eight|twelve|sixteen)[- ]cores?\b",
    r"\b(?:cpu|processor|apu|mobile processor|extreme edition|x-series)(?!\S)",
    r"[-,]",
)


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor of a machine, as ``/proc/cpuinfo`` tells it.

    Attributes:
        model: Name of the model; None where there is none (ARM).
        sockets: How many packages; 1 where that is not told.
        vendor: ``intel``, ``amd`` or ``unknown``.
        virtual: Whether this is a virtual machine: its CPUs are a part of the host's.
        x86: Whether it is an x86 processor.
    """

    model: str | None = None
    sockets: int = 1
    vendor: str = _UNKNOWN
    virtual: bool = False
    x86: bool = False


def identify(procfs_root: Path) -> Cpu:
    """Read which processor there is; never fails.

    Fields: arch/x86/kernel/cpu/proc.c of the kernel. ARM's cpuinfo has neither model, package nor
    flags. The flag ``hypervisor`` is CPUID.1:ECX.31, which hypervisors set for their guests.
    """
    lines = (text_of(procfs_root / "cpuinfo") or "").splitlines()
    flags = set(_first(lines, "flags").split())
    return Cpu(
        model=_first(lines, "model name") or None,
        sockets=len({line.split(":")[-1] for line in lines if line.startswith("physical id")}) or 1,
        vendor=_VENDORS.get(_first(lines, "vendor_id"), _UNKNOWN),
        virtual="hypervisor" in flags,
        x86=bool(flags),
    )


def tdp_mw(model: str) -> int | None:
    """Thermal design power of one package of a model, mW; None where the table has no such name."""
    from importlib import resources  # noqa: PLC0415 - not needed where a sensor can be read

    table = (
        resources.files("joulebook.probes.estimate").joinpath("cpu_power.csv").read_text("utf-8")
    )
    _, found, rest = table.partition(f"\n{normalized(model)},")
    return int(rest.partition("\n")[0]) if found else None


def normalized(name: str) -> str:
    """A model's name in lower case, without what was added to it.

    >>> normalized("Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz")
    'intel xeon platinum 8358'
    >>> normalized("AMD EPYC 7763 64-Core Processor")
    'amd epyc 7763'
    """
    plain = name.lower()
    for pattern in _NOISE:
        plain = re.sub(pattern, " ", plain)
    return " ".join(plain.split())


def _first(lines: list[str], key: str) -> str:
    """The value of the first line with this key; empty where there is none."""
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""
