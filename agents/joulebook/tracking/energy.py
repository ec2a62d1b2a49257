"""What one window of an `EnergyMeter` came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from joulebook.core.counters import REASONS, counted
from joulebook.core.stall import is_dead
from joulebook.core.units import UJ_PER_J, US_PER_S, format_energy
from joulebook.errors import ProbeError
from joulebook.probes.protocol import Sensor

Value = int | ProbeError


@dataclass(frozen=True, slots=True)
class DeviceEnergy:
    """Energy of one device.

    Attributes:
        uid, kind, name: Which device.
        method: ``counter`` or ``estimated``.
        energy_uj: Energy, µJ; None where the counter could not tell.
        error_uj: Uncertainty, µJ: the sensor's gain and what the window's edges hide.
        problem: Why there is no energy; None where there is.
        simulated: Whether the device is a stand-in.
    """

    uid: str
    kind: str
    name: str
    method: str
    energy_uj: int | None
    error_uj: int
    problem: str | None
    simulated: bool


class Energy:
    """Energy over one window, worked out when it is asked for.

    Args:
        sensors: The devices.
        before, after: Counter of each at the two ends, µJ, or why there is none.
        duration_us: Length of the window, µs.
        missing: Names of devices that should be in it and could not be measured.
    """

    __slots__ = ("__dict__", "_after", "_before", "_sensors", "duration_us", "missing")

    def __init__(
        self,
        sensors: Sequence[Sensor],
        before: Sequence[Value],
        after: Sequence[Value],
        duration_us: int,
        missing: Sequence[str] = (),
    ) -> None:
        self._sensors = sensors
        self._before = before
        self._after = after
        self.duration_us = duration_us
        self.missing = missing

    @property
    def duration_s(self) -> float:
        """Length of the window, s."""
        return self.duration_us / US_PER_S

    @cached_property
    def devices(self) -> tuple[DeviceEnergy, ...]:
        """Energy of each device."""
        ends = zip(self._sensors, self._before, self._after, strict=True)
        return tuple(self._device(*one) for one in ends)

    @property
    def energy_uj(self) -> int | None:
        """Energy over all devices, µJ; None unless every one of them told it."""
        told = [device.energy_uj for device in self.devices]
        known = [energy_uj for energy_uj in told if energy_uj is not None]
        whole = told and len(known) == len(told) and not self.missing
        return sum(known) if whole else None

    @property
    def joules(self) -> float | None:
        """`energy_uj` in J."""
        return None if self.energy_uj is None else self.energy_uj / UJ_PER_J

    def __repr__(self) -> str:
        parts = [_shown(one) for one in self.devices] or ["no device"]
        parts += [f"{name} is not measured" for name in self.missing]
        return f"Energy({self.duration_s:.6f} s: {', '.join(parts)})"

    def _device(self, sensor: Sensor, before: Value, after: Value) -> DeviceEnergy:
        energy_uj, problem = _between(sensor, before, after, self.duration_us)
        return DeviceEnergy(
            uid=sensor.uid or "",
            kind=sensor.kind,
            name=sensor.name,
            method=sensor.method or "",
            energy_uj=energy_uj,
            error_uj=0 if energy_uj is None else self._error_uj(sensor, energy_uj),
            problem=problem,
            simulated=sensor.simulated,
        )

    def _error_uj(self, sensor: Sensor, energy_uj: int) -> int:
        """Gain, and what the counter had not shown yet at the two ends."""
        hidden_uj = energy_uj * (sensor.update_us or 0) // max(self.duration_us, 1)
        return round(energy_uj * sensor.gain_error) + hidden_uj + sensor.resolution_uj


def _shown(device: DeviceEnergy) -> str:
    if device.energy_uj is None:
        return f"{device.name}: {device.problem}"
    error = format_energy(device.error_uj)
    return f"{device.name} {format_energy(device.energy_uj)} ± {error} {device.method}"


def _between(
    sensor: Sensor, before: Value, after: Value, duration_us: int
) -> tuple[int | None, str | None]:
    if isinstance(before, ProbeError):
        return None, str(before)
    if isinstance(after, ProbeError):
        return None, str(after)
    period_us = sensor.update_us or 0
    if duration_us < period_us:
        return None, f"the window is shorter than the counter's period of {period_us / 1_000:g} ms"
    step = counted(
        before,
        after,
        range_uj=sensor.range_uj,
        elapsed_us=duration_us,
        max_power_mw=sensor.max_power_mw,
        update_us=period_us,
    )
    moved_uj = step.energy_uj
    watched = sensor.method == "counter" and sensor.always_draws and moved_uj is not None
    if watched and is_dead(moved_uj or 0, duration_us, period_us):
        return None, "the energy counter does not move"
    return moved_uj, REASONS.get(step.step)
