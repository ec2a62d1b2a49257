"""What `joulebook doctor` tells of each sensor, looked at twice."""

import time
from collections.abc import Sequence
from typing import Any

from joulebook.core.counters import counted
from joulebook.errors import ProbeError
from joulebook.metering.overlap import Pair
from joulebook.probes.protocol import Probe, Reading, Sensor

#: Time between the two looks that tell the power of a counter, s.
LOOK_S = 0.25


def examine(sensors: Sequence[Pair]) -> list[dict[str, Any]]:
    """Each sensor with what it says now: a counter tells its power by what it gained meanwhile."""
    first = [_read(sensor, probe)[0] for sensor, probe in sensors]
    time.sleep(LOOK_S)
    return [
        _device(sensor, before, *_read(sensor, probe))
        for (sensor, probe), before in zip(sensors, first, strict=True)
    ]


def _device(
    sensor: Sensor, before: Reading | None, reading: Reading | None, problem: str | None
) -> dict[str, Any]:
    return {
        "uid": sensor.uid,
        "index": sensor.index,
        "kind": sensor.kind,
        "scope": sensor.scope,
        "additive": sensor.additive,
        "name": sensor.name,
        "vendor": sensor.vendor,
        "parent": sensor.parent,
        "method": sensor.method,
        "source": sensor.source,
        "detail": sensor.detail,
        "energy_uj": reading.counter_uj if reading else None,
        "power_mw": _power_mw(sensor, before, reading),
        "range_uj": sensor.range_uj,
        "max_power_mw": sensor.max_power_mw,
        "resolution_uj": sensor.resolution_uj or None,
        "update_us": sensor.update_us,
        "averaging_us": sensor.averaging_us,
        "gain_error": sensor.gain_error,
        "simulated": sensor.simulated,
        "problem": problem,
        "cure": sensor.cure,
    }


def _read(sensor: Sensor, probe: Probe) -> tuple[Reading | None, str | None]:
    if sensor.method is None:
        return None, sensor.problem
    try:
        reading = probe.read(sensor)
    except ProbeError as error:
        return None, str(error)
    return reading, reading.note or sensor.problem


def _power_mw(sensor: Sensor, before: Reading | None, now: Reading | None) -> int | None:
    """Power now, mW; None where the counter did not move, as slow ones do not in a moment."""
    if now is None or now.power_mw is not None:
        return now.power_mw if now else None
    if before is None or before.counter_uj is None or now.counter_uj is None:
        return None
    step = counted(before.counter_uj, now.counter_uj, range_uj=sensor.range_uj)
    elapsed_us = now.at_us - before.at_us
    return step.energy_uj * 1_000 // elapsed_us if step.energy_uj and elapsed_us > 0 else None
