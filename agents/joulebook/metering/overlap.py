"""Sensors that would count the same energy twice, over all probes."""

from collections.abc import Sequence

from joulebook.probes.protocol import Dropped, Probe, Sensor

Pair = tuple[Sensor, Probe]

#: Kinds of device whose energy a module's counter holds beside the GPU's own.
_INSIDE_MODULE = ("cpu", "dram")


def without_twins(found: Sequence[Pair]) -> tuple[list[Pair], list[Dropped]]:
    """One sensor for each device, and why the others are left out.

    The first readable sensor of a device wins, so the order is the order of preference. One kind of
    sensor meters all CPU packages: a second kind may name them otherwise. A module's counter
    (GH200) holds its processor and memory.

    Args:
        found: Every sensor with its probe, the preferred probes first.
    """
    kept: list[Pair] = []
    dropped: list[Dropped] = []
    readable = [pair for pair in found if pair[0].method is not None]
    for sensor, probe in found:
        reason = _why_not(sensor, probe, readable)
        if reason is None:
            kept.append((sensor, probe))
        else:
            dropped.append(Dropped(sensor.source or sensor.name, reason))
    return kept, dropped


def _why_not(sensor: Sensor, probe: Probe, readable: Sequence[Pair]) -> str | None:
    if sensor.method is None:  # it has a problem: another probe may have none
        same = [its.name for other, its in readable if sensor.uid and other.uid == sensor.uid]
        return f"{same[0]} reads the same device; here: {sensor.problem}" if same else None
    for other, its in readable:
        if other is sensor:
            break
        if other.uid == sensor.uid:
            return f"{its.name} reads the same device"
        if its is not probe and _both(sensor, other, "cpu", "package"):
            return f"{its.name} reads the CPU packages"
    if sensor.additive and sensor.kind in _INSIDE_MODULE:
        module = next((other for other, _ in readable if _is_module(other)), None)
        return None if module is None else f"the counter of the module {module.name} contains it"
    return None


def _both(one: Sensor, other: Sensor, kind: str, scope: str) -> bool:
    return (one.kind, one.scope) == (other.kind, other.scope) == (kind, scope)


def _is_module(sensor: Sensor) -> bool:
    return sensor.scope == "module" and sensor.additive
