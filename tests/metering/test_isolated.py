"""A probe that hangs holds up nobody."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from tests.waiting import until

from joulebook.clock import ManualClock
from joulebook.discovery.processes import ProcessTable
from joulebook.errors import Fatal, Retry
from joulebook.metering.isolated import Isolated
from joulebook.metering.sampler import Sampler
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Found, Holder, Reading, Sensor

SHORT_S = 0.05


def sensor(uid: str, **more: object) -> Sensor:
    fields = {"index": 0, "kind": "host", "scope": "host", "additive": True, "name": uid}
    return Sensor(uid=uid, vendor="unknown", method="counter", **{**fields, **more})  # type: ignore[arg-type]


class Stuck:
    """A driver that does not come back until the test lets it."""

    name = "stuck"

    def __init__(self) -> None:
        self.free = threading.Event()
        self.closed = False

    def find(self) -> Found:
        self.free.wait(30)
        return Found([sensor("S")])

    def read(self, sensor: Sensor) -> Reading:
        self.free.wait(30)
        return Reading(at_us=1, counter_uj=len(sensor.name))

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        raise Fatal(f"{sensor.name} burned")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    driver = Stuck()
    yield driver
    driver.free.set()


def test_a_reading_that_hangs_is_tried_again_later(stuck: Stuck) -> None:
    probe = Isolated(stuck, read_s=SHORT_S)
    with pytest.raises(Retry, match="stuck has not answered for"):
        probe.read(sensor("S"))
    with pytest.raises(Retry, match="hangs"):
        probe.read(sensor("S"))


def test_a_driver_that_comes_back_is_read_again(stuck: Stuck) -> None:
    probe = Isolated(stuck, read_s=30)
    stuck.free.set()
    assert probe.read(sensor("S")).counter_uj == 1


def test_a_search_that_hangs_is_a_sensor_with_a_problem(stuck: Stuck) -> None:
    (found,) = Isolated(stuck, find_s=SHORT_S).find().sensors
    assert found.method is None
    assert "has not answered" in (found.problem or "")


def test_an_error_of_the_probe_is_the_same_error_outside(stuck: Stuck) -> None:
    with pytest.raises(Fatal, match="S burned"):
        Isolated(stuck).holders(sensor("S"))


def test_a_probe_that_hangs_is_not_closed_under_its_own_feet(stuck: Stuck) -> None:
    probe = Isolated(stuck, read_s=SHORT_S)
    with pytest.raises(Retry):
        probe.read(sensor("S"))
    probe.close()
    assert not stuck.closed


def test_closing_ends_the_thread(stuck: Stuck) -> None:
    stuck.free.set()
    before = threading.active_count()
    probe = Isolated(stuck)
    probe.find()
    assert threading.active_count() == before + 1
    probe.close()
    assert until(lambda: threading.active_count() == before)


def test_the_other_sensors_are_measured_while_one_hangs(
    stuck: Stuck, processes: ProcessTable
) -> None:
    clock = ManualClock()
    good = sensor("GOOD", simulated=True)
    other = MemoryProbe(clock, {good: lambda now: 300 * now}, {})
    pairs = [(sensor("S"), Isolated(stuck, read_s=SHORT_S)), (good, Isolated(other))]
    sampler = Sampler(clock, pairs, processes)
    sampler.start(())
    clock.advance(1_000_000)
    (metered,) = sampler.cut(())
    assert (metered.window.uid, metered.window.energy_uj) == ("GOOD", 300_000_000)
    assert "hangs" in sampler.problems()["S"]
