"""Energy that passed while nobody read a device: what its hardware counter counted meanwhile.

A counter goes on when the agent is down or its driver has lost the device, and within one boot so
does the monotonic clock. So the last reading that is safely booked and the first one afterwards
tell the energy between them. Nobody saw whose it was: it is ``unknown``, spread evenly, and no part
of it counts as observed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joulebook.core.attribute import Bucket
from joulebook.core.counters import REASONS, counted
from joulebook.core.window import Window, cut_at_quarters
from joulebook.metering.assemble import Booked, Share
from joulebook.metering.timeline import STEP_US
from joulebook.probes.protocol import Reading, Sensor

_UNKNOWN = "energy while nobody read it is unknown"


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a device's next window begins: all before it is booked.

    Attributes:
        label_us: Wall time, µs since the Unix epoch.
        at_us: Monotonic time of the same instant, µs.
        counter_uj: What its counter showed, µJ.
        source: Where that was read: two counters of one device show different energy.
        kind: Of the device; empty where an older mark does not tell.
    """

    label_us: int
    at_us: int
    counter_uj: int
    source: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks of all devices that have a counter, and the boot in which they hold."""

    boot_id: str
    devices: Mapping[str, Mark] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """As bytes, to be kept in one step with the windows before them."""
        devices = {
            uid: [mark.label_us, mark.at_us, mark.counter_uj, mark.source, mark.kind]
            for uid, mark in self.devices.items()
        }
        return json.dumps({"boot_id": self.boot_id, "devices": devices}).encode()


def decoded(content: bytes | None, boot_id: str) -> Marks:
    """The marks that were kept; none where there are none, or they are of another boot."""
    try:
        tree: Any = json.loads(content or b"{}")
        if tree.get("boot_id") != boot_id:
            return Marks(boot_id)
        devices = {
            str(uid): Mark(int(label_us), int(at_us), int(counter_uj), str(source), str(*kind))
            for uid, (label_us, at_us, counter_uj, source, *kind) in tree["devices"].items()
        }
        return Marks(boot_id, devices)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Marks(boot_id)


def recovered(
    marks: Marks, sensor: Sensor, reading: Reading, label_us: int
) -> tuple[list[Booked], str | None]:
    """What a device used since its mark, cut at quarter hours, or why nobody can tell.

    Args:
        marks: The marks of this boot.
        sensor: The device.
        reading: Its first reading now.
        label_us: Wall time of that reading, µs: where its next window begins.
    """
    mark = marks.devices.get(sensor.uid or "")
    if mark is None or reading.counter_uj is None or sensor.method != "counter":
        return [], None
    passed_us = reading.at_us - mark.at_us
    if passed_us <= 0:
        return [], None
    if mark.source != source_of(sensor):
        return [], f"{_UNKNOWN}: it is read otherwise now"
    step = counted(
        mark.counter_uj,
        reading.counter_uj,
        range_uj=sensor.range_uj,
        elapsed_us=passed_us,
        max_power_mw=sensor.max_power_mw,
        update_us=sensor.update_us or 0,
    )
    if step.energy_uj is None:
        return [], f"{_UNKNOWN}: {REASONS[step.step]}"
    span = (mark.label_us, _end_us(mark, passed_us, label_us))
    window = _window(sensor, span, (mark.counter_uj, reading.counter_uj), step.energy_uj)
    pieces = cut_at_quarters(window, sensor.range_uj)
    return [Booked(piece, _shares(sensor, piece)) for piece in pieces], None


def source_of(sensor: Sensor) -> str:
    """What tells one counter of a device from another."""
    return sensor.source or sensor.name


def _end_us(mark: Mark, passed_us: int, label_us: int) -> int:
    """Where the device's next window begins, unless the wall clock was stepped meanwhile."""
    end_us = mark.label_us + passed_us
    return label_us if mark.label_us < label_us and abs(label_us - end_us) < STEP_US else end_us


def _window(
    sensor: Sensor, span: tuple[int, int], counters: tuple[int, int], energy_uj: int
) -> Window:
    wrapped = 0 <= counters[1] - counters[0] != energy_uj  # the ends would contradict the energy
    hidden_uj = energy_uj * (sensor.update_us or 0) // (span[1] - span[0])
    return Window(
        uid=sensor.uid or "",
        start_us=span[0],
        end_us=span[1],
        counter_start_uj=None if wrapped else counters[0],
        counter_end_uj=None if wrapped else counters[1],
        energy_uj=energy_uj,
        observed_us=0,
        method="counter",
        err_sys_uj=round(energy_uj * sensor.gain_error),
        err_rand_uj=min(energy_uj, hidden_uj),
        power_max_mw=None,
        utilization=None,
    )


def _shares(sensor: Sensor, window: Window) -> list[Share]:
    return [Share(Bucket.UNKNOWN, None, window.energy_uj)] if sensor.additive else []
