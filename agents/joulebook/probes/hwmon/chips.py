"""What the channels of known hwmon chips meter, and which of them holds which.

Sources, by chip:

- ``amdgpu``: Linux, drivers/gpu/drm/amd/pm/amdgpu_pm.c, "DOC: hwmon" (power of the whole SoC; on
  an APU that includes the CPU, and only an APU has a channel ``vddnb``, MI300A apart) and "DOC:
  unique_id" (the same in every machine; GFX9 and newer). On an MI200 only the first die tells
  power; the second one shows 0 (swsmu/smu13/aldebaran_ppt.c).
- ``i915``, ``xe``: Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon and -xe-hwmon;
  discrete GPUs only. The register has 32 bits, and the driver extends it whenever it is read:
  the range is left open, and somebody must look once per 262 kJ, 4.4 minutes at 1 kW. Where xe
  cannot read its telemetry, it answers 0 (xe_hwmon_energy_get).
- ``amd_energy``: Documentation/hwmon/amd_energy.rst. 64-bit sums of 32-bit registers, kept by a
  thread of the kernel; steps of 15.3 µJ; moved every 1 ms. Its "sockets" are NUMA nodes (the
  driver counts num_possible_nodes), several to a package under NPS2 and NPS4.
- ``power_meter``: Documentation/hwmon/acpi_power_meter.rst. On NVIDIA Grace: "Grace Performance
  Tuning Guide", Power Telemetry: "Module" is the whole superchip with GPU, memory and regulator
  losses, "Grace" the socket with its memory, "CPU" and "SysIO" are rails within the socket.
- ``ina3221``, ``ina238``: the rails of NVIDIA Jetson, see `joulebook.probes.hwmon.rails`.

The gain errors are our own allowance, set wide: none of these sources tells one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from joulebook.probes.hwmon import rails
from joulebook.probes.hwmon.tree import Channel, Chip, package_of_node

GAIN_ERROR = 0.10
GAIN_ERROR_AMD_ENERGY = 0.05

#: One step of 2^-14 J (i915, xe) and of 2^-16 J (amd_energy), rounded up, µJ.
_INTEL_STEP_UJ = 62
_AMD_STEP_UJ = 16
_AMD_ENERGY_UPDATE_US = 1_000

_PCI_ADDRESS = re.compile(r"[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_UNIQUE_ID = re.compile(r"(?!0+$)[0-9a-f]{16}")
_MI200 = ("0x7408", "0x740c")
_MI300A = "0x74a0"
_NO_SECOND_DIE = "as the second die of an MI200 does; its first die tells the power of both"
_NO_TELEMETRY = "the driver could not read the card's telemetry"
_GRACE = re.compile(r"(Module|Grace|CPU|SysIO) Power Socket ([0-9]+)")
_SUPPLY = re.compile(r"corsairpsu|BAT[0-9]+|.*battery|.*source_psy.*|ucsi.*")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one channel meters.

    Attributes:
        uid: Its global id; None where the device cannot tell that now.
        kind, scope, name, vendor, additive, gain_error, resolution_uj: As in `Sensor`.
        update_us: How often it moves, µs; None if the chip itself may tell.
        within: uid of what contains it, where that is metered too; else None.
        zero_is: What a 0 says where it is no reading; None where it is one.
    """

    uid: str | None
    kind: str
    scope: str
    name: str
    vendor: str
    additive: bool = True
    gain_error: float = GAIN_ERROR
    resolution_uj: int = 0
    update_us: int | None = None
    within: str | None = None
    includes: tuple[str, ...] = ()
    zero_is: str | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the chips are: its id, and its sysfs tree."""

    id: str
    sysfs_root: Path


def meaning(chip: Chip, channel: Channel, machine: Machine) -> Meaning | str | None:
    """What a channel meters; why it is left out; None where nobody would miss it."""
    family = chip.name.partition("_gt")[0]
    if family in _FAMILIES:
        return _FAMILIES[family](chip, channel, machine)
    if not channel.sources:
        return None
    if _SUPPLY.fullmatch(chip.name):
        return f"{chip.name} is a power supply or a battery: it holds what it feeds"
    return _unknown(chip)


def _unknown(chip: Chip) -> str:
    name = chip.name or "without a name"
    return f"a sensor of chip {name} is not known: it may be part of another"


def _amd_gpu(chip: Chip, _channel: Channel, machine: Machine) -> Meaning:
    product = chip.text("device/device")
    told = Meaning(
        uid=_amd_uid(chip, machine),
        kind="gpu",
        scope="module" if product == _MI300A else "gpu",
        name=f"AMD GPU (amdgpu, {chip.device or chip.path.name})",
        vendor="amd",
        zero_is=_NO_SECOND_DIE if product in _MI200 else None,
    )
    if chip.text("in1_label") != "vddnb":
        return told
    return replace(told, scope="package", additive=False, name=told.name.replace("GPU", "APU", 1))


def _amd_uid(chip: Chip, machine: Machine) -> str | None:
    """As ROCm writes it; by its slot where the GPU has no id of its own."""
    try:
        told = (chip.path / "device" / "unique_id").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        told = ""
    except OSError:
        return None  # it sleeps or is being reset; awake it would have another uid than its slot's
    return f"GPU-{told}" if _UNIQUE_ID.fullmatch(told) else _slot(chip, machine)


def _slot(chip: Chip, machine: Machine) -> str | None:
    known = _PCI_ADDRESS.fullmatch(chip.device)
    return f"gpu:{machine.id}:{chip.device}" if known else None


def _intel_gpu(chip: Chip, _channel: Channel, machine: Machine) -> Meaning:
    card = _slot(chip, machine)
    tile = chip.name.partition("_")[2]
    return Meaning(
        uid=f"{card}:{tile}" if card and tile else card,
        kind="gpu",
        scope="gpu",
        name=f"Intel GPU ({chip.name}, {chip.device or chip.path.name})",
        vendor="intel",
        resolution_uj=_INTEL_STEP_UJ,
        within=card if tile else None,
        zero_is=_NO_TELEMETRY if chip.name == "xe" else None,
    )


def _amd_energy(chip: Chip, channel: Channel, machine: Machine) -> Meaning | str:
    socket = re.fullmatch(r"Esocket([0-9]+)", channel.label)
    if socket is None:
        known = channel.label.startswith("Ecore")
        return "cores are parts of their socket" if known else _unknown(chip)
    package = package_of_node(machine.sysfs_root, int(socket[1]))
    if package is None:
        return f"{channel.label} is a NUMA node without processors"
    return Meaning(
        uid=f"cpu:{machine.id}:package-{package}",
        kind="cpu",
        scope="package",
        name=f"CPU package-{package} (amd_energy)",
        vendor="amd",
        gain_error=GAIN_ERROR_AMD_ENERGY,
        resolution_uj=_AMD_STEP_UJ,
        update_us=_AMD_ENERGY_UPDATE_US,
    )


def _power_meter(chip: Chip, channel: Channel, machine: Machine) -> Meaning | str | None:
    if not channel.sources:
        return None
    info = chip.text("power1_oem_info")
    grace = _GRACE.fullmatch(info)
    if grace is not None:
        return _grace(grace[1], int(grace[2]), machine)
    if chip.text("power1_is_battery") == "1":
        return "it meters a battery, which holds what it feeds"
    if re.search(r"socket [0-9]", info, re.IGNORECASE):
        return f"a meter of {info!r} is not known: it may be part of another"
    return Meaning(
        uid=f"host:{machine.id}:{chip.device or chip.name}",
        kind="host",
        scope="host",
        name=f"Whole machine (power_meter, {chip.device or chip.path.name})",
        vendor="unknown",
        additive=False,
        gain_error=max(GAIN_ERROR, _inaccuracy(chip.text("power1_accuracy"))),
    )


def _inaccuracy(accuracy: str) -> float:
    """From ``99.5%`` to the fraction that is not right; 0 where the meter tells nothing."""
    whole = re.match(r"[0-9]+(?=[.%])", accuracy)
    return max(0, 100 - int(whole[0])) / 100 if whole else 0.0


def _grace(area: str, socket: int, machine: Machine) -> Meaning:
    package = f"cpu:{machine.id}:package-{socket}"
    told = Meaning(package, "cpu", "package", f"Grace CPU package-{socket}", "nvidia")
    if area == "Grace":
        return replace(told, includes=("dram",))
    if area == "Module":
        uid, name = f"module:{machine.id}:{socket}", f"Grace superchip module {socket}"
        return replace(told, uid=uid, kind="other", scope="module", name=name, additive=False)
    scope = "core" if area == "CPU" else "uncore"
    name = f"{told.name}, {area} rail"
    return replace(told, uid=f"{package}:{scope}", scope=scope, name=name, within=package)


def _rail(chip: Chip, channel: Channel, machine: Machine) -> Meaning | str | None:
    label = channel.label or chip.text("label")
    if not channel.sources or label == "NC":
        return None  # not connected
    rail = rails.RAILS.get(label)
    if rail is None:
        return f"rail {label!r} of {chip.name} is not known: it may be part of another"
    return Meaning(
        uid=_rail_uid(label, machine),
        kind=rail.kind,
        scope=rail.scope,
        name=f"Jetson {label}: {rail.feeds}",
        vendor="nvidia",
        additive=rail.kind != "host",
        gain_error=rails.GAIN_ERROR,
        within=_rail_uid(rail.within, machine) if rail.within else None,
        includes=rail.includes,
    )


def _rail_uid(label: str, machine: Machine) -> str:
    return f"{rails.RAILS[label].kind}:{machine.id}:{label}"


_FAMILIES: dict[str, Callable[[Chip, Channel, Machine], Meaning | str | None]] = {
    "amdgpu": _amd_gpu,
    "i915": _intel_gpu,
    "xe": _intel_gpu,
    "amd_energy": _amd_energy,
    "power_meter": _power_meter,
    "ina3221": _rail,
    "ina238": _rail,
}
