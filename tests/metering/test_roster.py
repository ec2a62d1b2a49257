"""Which sensors a host has, now and after something changed."""

from collections.abc import Sequence

from joulebook.clock import ManualClock
from joulebook.metering.roster import Roster
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Found, Holder, Reading, Sensor


class Shelf(MemoryProbe):
    """A probe whose devices the test puts on and takes off."""

    def __init__(self, name: str, *sensors: Sensor) -> None:
        super().__init__(ManualClock(), {})
        self.name = name
        self.sensors: Sequence[Sensor] = sensors

    def find(self) -> Found:
        return Found(self.sensors)

    def read(self, sensor: Sensor) -> Reading:
        return Reading(0, counter_uj=len(sensor.name))

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        return None


def sensor(uid: str, kind: str, scope: str, method: str | None = "counter") -> Sensor:
    return Sensor(uid, 0, kind, scope, additive=True, name=uid, vendor="unknown", method=method)


GPU = sensor("GPU-1", "gpu", "gpu")
PACKAGE = sensor("cpu:m:package-0", "cpu", "package")
CPU_ESTIMATE = sensor("cpu:m:estimate", "cpu", "package", "estimated")
RAM_ESTIMATE = sensor("dram:m:estimate", "dram", "dram", "estimated")


def roster(*probes: Shelf) -> Roster:
    estimates = {"cpu": Shelf("guess", CPU_ESTIMATE), "dram": Shelf("guess-ram", RAM_ESTIMATE)}
    return Roster(probes, estimates)


def uids(one: Roster) -> dict[str | None, str | None]:
    return {sensor.uid: sensor.method for sensor, _ in one.look()[0]}


def test_an_estimate_stands_in_only_for_what_nothing_measures() -> None:
    assert uids(roster(Shelf("rapl", PACKAGE))) == {
        "cpu:m:package-0": "counter",
        "dram:m:estimate": "estimated",
    }


def test_a_sensor_that_cannot_be_read_leaves_the_estimate() -> None:
    closed = sensor("cpu:m:package-0", "cpu", "package", None)
    assert uids(roster(Shelf("rapl", closed)))["cpu:m:estimate"] == "estimated"


def test_a_module_needs_no_estimate_of_its_processor_and_memory() -> None:
    module = sensor("GPU-1", "gpu", "module")
    assert uids(roster(Shelf("nvml", module))) == {"GPU-1": "counter"}


def test_a_permission_that_is_granted_later_ends_the_estimate() -> None:
    shelf = Shelf("rapl", sensor("cpu:m:package-0", "cpu", "package", None))
    one = roster(shelf)
    assert "cpu:m:estimate" in uids(one)
    shelf.sensors = [PACKAGE]
    assert uids(one) == {"cpu:m:package-0": "counter", "dram:m:estimate": "estimated"}


def test_a_device_that_left_stays_in_the_list_as_one_that_left() -> None:
    shelf = Shelf("nvml", GPU)
    one = roster(shelf)
    one.look()
    shelf.sensors = []
    (left,) = [sensor for sensor, _ in one.look()[0] if sensor.uid == "GPU-1"]
    assert (left.method, left.problem) == (None, "it left")


def test_a_device_that_comes_back_is_read_again() -> None:
    shelf = Shelf("nvml", GPU)
    one = roster(shelf)
    one.look()
    shelf.sensors = []
    one.look()
    shelf.sensors = [GPU]
    assert uids(one)["GPU-1"] == "counter"


def test_what_an_estimate_would_be_is_told_also_where_it_is_not_used() -> None:
    one = roster(Shelf("rapl", PACKAGE))
    one.look()
    assert [sensor.uid for sensor in one.estimate()] == ["cpu:m:estimate", "dram:m:estimate"]
