"""The in-memory twin of a probe."""

from dataclasses import replace

import pytest

from joulebook.clock import ManualClock
from joulebook.errors import Gone
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Holder, Probe, Reading, Sensor

SENSOR = Sensor("GPU-1", 0, "gpu", "gpu", True, "one", "nvidia", "counter")  # noqa: FBT003 - additive


def probe_of(sensor: Sensor, clock: ManualClock) -> MemoryProbe:
    return MemoryProbe(clock, {sensor: lambda at_us: 2 * at_us})


def test_it_is_a_probe() -> None:
    probe: Probe = probe_of(SENSOR, ManualClock())
    assert probe.name == "memory"


def test_its_sensors_say_that_they_are_simulated() -> None:
    probe = probe_of(SENSOR, ManualClock())
    assert [sensor.simulated for sensor in probe.find().sensors] == [True]


def test_a_counter_follows_monotonic_time() -> None:
    clock = ManualClock(monotonic_us=50)
    probe = probe_of(SENSOR, clock)
    assert probe.read(probe.find().sensors[0]) == Reading(50, counter_uj=100)


def test_a_sensor_that_integrates_answers_with_power() -> None:
    clock = ManualClock(monotonic_us=50)
    probe = probe_of(replace(SENSOR, method="integrated"), clock)
    assert probe.read(probe.find().sensors[0]) == Reading(50, power_mw=100)


def test_a_sensor_that_was_removed_is_gone() -> None:
    probe = probe_of(SENSOR, ManualClock())
    (sensor,) = probe.find().sensors
    probe.remove(sensor)
    with pytest.raises(Gone, match="GPU-1 left"):
        probe.read(sensor)


def test_processes_nobody_named_are_unknown_not_none() -> None:
    probe = probe_of(SENSOR, ManualClock())
    assert probe.holders(SENSOR) is None


def test_processes_are_told_as_set() -> None:
    probe = probe_of(SENSOR, ManualClock())
    probe.present["GPU-1"] = [Holder(pid=7, memory_bytes=1)]
    assert probe.holders(SENSOR) == [Holder(pid=7, memory_bytes=1)]


def test_it_may_be_closed_twice() -> None:
    probe = probe_of(SENSOR, ManualClock())
    probe.close()
    probe.close()
    assert probe.find().sensors
