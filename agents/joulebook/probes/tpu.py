"""Google's TPUs: an estimate by the number of chips, since they show no energy to the guest.

A chip is a PCI function of vendor 0x1ae0. The device ids are those of JAX
(``jax/_src/hardware_utils.py``) and of Google's ``tpu-info`` (``device.py``), which tells TPU v2
from v3 by the subsystem's id. Google's other virtual devices have the same vendor and other ids.

The power is the published mean of a chip with its memory, without its host:

- TPU v4: 170 W, between 90 W idle and 192 W at most (Jouppi et al., "TPU v4: An Optically
  Reconfigurable Supercomputer", ISCA 2023, table 4; Google's documentation of TPU v4);
- TPU v3: 220 W, between 123 W and 262 W (Google's documentation of TPU v3).

The error that is stated reaches from the lowest to the highest. Of TPU v2 Google published 221 W
per chip with a share of its host (Patterson et al., "Carbon Emissions and Large Neural Network
Training", 2021, table 3), which would count the host twice; of later ones no mean that we could
find. Those chips are shown, and not estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.errors import Gone
from joulebook.probes.protocol import Found, Holder, Reading, Sensor
from joulebook.probes.small_file import text_of

_VENDOR = "0x1ae0"
_V2_OR_V3 = "0x0027"
_NJ_PER_UJ = 1_000
_MW_PER_W = 1_000


@dataclass(frozen=True, slots=True)
class Power:
    """Published power of one chip, mW: the lowest, the mean and the highest."""

    least_mw: int
    mean_mw: int
    most_mw: int

    @property
    def error(self) -> float:
        """How far the truth may be from the mean, as a fraction of it."""
        off_mw = max(self.mean_mw - self.least_mw, self.most_mw - self.mean_mw)
        return off_mw / self.mean_mw


@dataclass(frozen=True, slots=True)
class Chip:
    """A generation of TPUs; `power` is None where no mean of the chip was published."""

    name: str
    power: Power | None = None


#: By device id.
CHIPS = {
    _V2_OR_V3: Chip("TPU v2 or v3"),
    "0x0056": Chip("TPU without a public name"),
    "0x005e": Chip("TPU v4", Power(90_000, 170_000, 192_000)),
    "0x0062": Chip("TPU v5p"),
    "0x0063": Chip("TPU v5e"),
    "0x006f": Chip("TPU v6e"),
    "0x0076": Chip("TPU7x"),
}
#: By the subsystem's id, where the device id is that of two generations.
BY_SUBSYSTEM = {
    "0x004e": Chip("TPU v2"),
    "0x004f": Chip("TPU v3", Power(123_000, 220_000, 262_000)),
}


class TpuProbe:
    """All TPU chips of this machine, one sensor each.

    Args:
        clock: Where durations come from.
        sysfs_root: The sysfs tree, usually ``/sys``.
        machine_id: Names this machine in the uids.
    """

    name = "tpu"

    def __init__(self, clock: Clock, sysfs_root: Path, machine_id: str) -> None:
        self._clock = clock
        self._folder = sysfs_root / "bus" / "pci" / "devices"
        self._machine_id = machine_id
        self._chips: dict[str, tuple[Path, Power]] = {}
        self._start_us: dict[str, int] = {}

    def find(self) -> Found:
        """All chips, in the order of their PCI addresses; none where there is no PCI."""
        told = [(path, chip) for path in sorted(self._folder.glob("*")) if (chip := _chip(path))]
        return Found(tuple(self._sensor(index, *pair) for index, pair in enumerate(told)))

    def read(self, sensor: Sensor) -> Reading:
        """Cumulative estimate since the first reading of this chip.

        Raises:
            Gone: The chip left, or was not found.
        """
        uid = sensor.uid or ""
        if uid not in self._chips:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        path, power = self._chips[uid]
        if not path.exists():
            raise Gone(f"{path} vanished")
        at_us = self._clock.monotonic_us()
        elapsed_us = at_us - self._start_us.setdefault(uid, at_us)
        return Reading(at_us, counter_uj=power.mean_mw * elapsed_us // _NJ_PER_UJ)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody can tell who uses a chip."""
        return None

    def close(self) -> None:
        """Forget the chips."""
        self._chips.clear()

    def _sensor(self, index: int, path: Path, chip: Chip) -> Sensor:
        uid = f"tpu:{self._machine_id}:{path.name}"
        power = chip.power
        if power is not None:
            self._chips[uid] = (path, power)
        mean = "" if power is None else f" (estimated, {power.mean_mw // _MW_PER_W} W mean)"
        return Sensor(
            uid=uid,
            index=index,
            kind="accelerator",
            scope="other",
            additive=True,
            name=f"{chip.name}{mean}",
            vendor="google",
            method=None if power is None else "estimated",
            max_power_mw=None if power is None else power.most_mw,
            gain_error=0.0 if power is None else power.error,
            resolution_uj=1,
            update_us=1,
            problem=None if power is not None else _why_not(chip),
            source=str(path),
        )


def _chip(path: Path) -> Chip | None:
    """Which TPU a PCI function is; None where it is none."""
    if text_of(path / "vendor") != _VENDOR:
        return None
    device = text_of(path / "device") or ""
    subsystem = text_of(path / "subsystem_device") or ""
    if device == _V2_OR_V3 and subsystem in BY_SUBSYSTEM:
        return BY_SUBSYSTEM[subsystem]
    return CHIPS.get(device)


def _why_not(chip: Chip) -> str:
    return (
        f"no sensor, and no mean power of a {chip.name} chip alone was published to estimate from"
    )
