"""The same energy is counted once, whoever else tells it."""

from collections.abc import Sequence
from typing import Any

from joulebook.clock import ManualClock
from joulebook.metering.overlap import Pair, without_twins
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Dropped, Sensor

CLOCK = ManualClock()


def named(name: str) -> MemoryProbe:
    probe = MemoryProbe(CLOCK, {})
    probe.name = name
    return probe


NVML, RAPL, HWMON, EXPORTER = map(named, ("nvml", "rapl", "hwmon", "exporter"))


def sensor(uid: str | None, kind: str = "gpu", scope: str = "gpu", **more: Any) -> Sensor:  # noqa: ANN401 - fields of any type
    fields = {"index": 0, "additive": True, "name": uid or "?", "method": "counter", **more}
    return Sensor(uid=uid, kind=kind, scope=scope, vendor="unknown", **fields)


def kept(found: Sequence[Pair]) -> list[tuple[str | None, str]]:
    return [(one.uid, probe.name) for one, probe in without_twins(found)[0]]


def dropped(found: Sequence[Pair]) -> Sequence[Dropped]:
    return without_twins(found)[1]


def test_a_gpu_that_two_probes_tell_is_read_by_the_first() -> None:
    found = [(sensor("GPU-1"), NVML), (sensor("GPU-1", source="http://x"), EXPORTER)]
    assert kept(found) == [("GPU-1", "nvml")]
    assert dropped(found) == [Dropped("http://x", "nvml reads the same device")]


def test_a_gpu_that_the_first_cannot_read_is_read_by_the_second() -> None:
    blind = sensor("GPU-1", method=None, problem="no permission")
    found = [(blind, NVML), (sensor("GPU-1"), EXPORTER)]
    assert kept(found) == [("GPU-1", "exporter")]
    assert "no permission" in dropped(found)[0].reason


def test_a_device_that_nobody_can_read_stays_with_its_problems() -> None:
    blind = sensor("GPU-1", method=None, problem="no permission")
    nameless = sensor(None, method=None, problem="no UUID")
    found = [(blind, NVML), (nameless, NVML), (nameless, NVML)]
    assert len(kept(found)) == 3


def test_packages_are_read_by_one_kind_of_sensor_under_whatever_names() -> None:
    packages = [(sensor(f"cpu:m:package-{one}", "cpu", "package"), RAPL) for one in (0, 1)]
    sockets = [(sensor(f"cpu:m:socket-{one}", "cpu", "package"), HWMON) for one in (0, 1)]
    assert [probe for _, probe in kept([*packages, *sockets])] == ["rapl", "rapl"]
    assert {one.reason for one in dropped([*packages, *sockets])} == {"rapl reads the CPU packages"}


def test_packages_that_rapl_may_not_read_are_read_otherwise() -> None:
    closed = sensor("cpu:m:package-0", "cpu", "package", method=None, problem="closed")
    found = [(closed, RAPL), (sensor("cpu:m:package-0", "cpu", "package"), HWMON)]
    assert kept(found) == [("cpu:m:package-0", "hwmon")]


def test_a_module_holds_its_processor_and_memory() -> None:
    module = sensor("GPU-1", "gpu", "module", name="GH200")
    socket = sensor("cpu:m:package-0", "cpu", "package")
    memory = sensor("dram:m:package-0", "dram", "dram")
    found = [(module, NVML), (socket, HWMON), (memory, HWMON)]
    assert kept(found) == [("GPU-1", "nvml")]
    assert "GH200 contains it" in dropped(found)[0].reason


def test_what_is_shown_beside_the_parts_holds_nothing() -> None:
    board = sensor("board", "other", "module", additive=False)
    socket = sensor("cpu:m:package-0", "cpu", "package")
    assert len(kept([(board, HWMON), (socket, HWMON)])) == 2


def test_packages_and_their_memory_of_one_probe_are_all_read() -> None:
    found = [
        (sensor(f"{kind}:m:package-{one}", kind, scope), RAPL)
        for one in range(2)
        for kind, scope in (("cpu", "package"), ("dram", "dram"))
    ]
    assert len(kept(found)) == 4
    assert dropped(found) == []
