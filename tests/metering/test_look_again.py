"""Sensors that come, go and change hands while a session measures."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from joulebook.clock import ManualClock
from joulebook.discovery.host import HostIdentity
from joulebook.discovery.processes import ProcessTable
from joulebook.errors import Gone
from joulebook.metering.outbox import Outbox
from joulebook.metering.pace import Pace
from joulebook.metering.relook import LATE_US
from joulebook.metering.rig import Rig
from joulebook.metering.roster import Roster
from joulebook.metering.session import Session
from joulebook.probes.protocol import Found, Holder, Reading, Sensor
from joulebook.shipping.spool import Spool
from joulebook.wire import Host, check

SECOND = 1_000_000
WINDOW_US = 10 * SECOND
PACKAGE = Sensor(
    uid="cpu:m:package-0",
    index=0,
    kind="cpu",
    scope="package",
    additive=True,
    name="CPU (simulated)",
    vendor="intel",
    method="counter",
    update_us=1_000,
    source="file",
    simulated=True,
)
CLOSED = replace(PACKAGE, method=None, problem="closed")
ESTIMATE = replace(PACKAGE, uid="cpu:m:estimate", method="estimated", source="guess")
GPU = replace(PACKAGE, uid="GPU-1", kind="gpu", scope="gpu", vendor="nvidia", source="driver")


class Shelf:
    """A probe whose devices the test puts on and takes off; each draws 1 W a letter of its name."""

    def __init__(self, name: str, clock: ManualClock, *sensors: Sensor) -> None:
        self.name = name
        self.sensors: Sequence[Sensor] = sensors
        self.gone = False
        self.reads = 0
        self._clock = clock

    def find(self) -> Found:
        return Found(self.sensors)

    def read(self, sensor: Sensor) -> Reading:
        self.reads += 1
        if self.gone:
            raise Gone(f"{sensor.name} left")
        now_us = self._clock.monotonic_us()
        return Reading(now_us, counter_uj=len(self.name) * now_us)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        return [Holder(os.getpid(), 1 << 20, 50)] if sensor.kind == "gpu" else None

    def close(self) -> None:
        pass


class Bench:
    """A session that watches, on shelves."""

    def __init__(self, folder: Path, clock: ManualClock, shelves: Sequence[Shelf]) -> None:
        self.clock = clock
        self.spool = Spool(folder / "spool" / "spool.db", clock)
        host = HostIdentity("m", "node", "boot")
        roster = Roster(shelves, {"cpu": Shelf("est", clock, ESTIMATE)})
        self.rig = Rig(clock, host, *roster.look(), ProcessTable(Path("/proc")), roster)
        self.outbox = Outbox(
            self.spool,
            None,
            host=Host("m", "node", "boot"),
            sensors=self.rig.found,
            version="0.1.0",
            clock=clock,
            role="agent",
        )
        self.session = Session(self.rig, self.outbox, clock, Pace(WINDOW_US, 3_600.0))
        self.session.watch()

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(SECOND)
            self.session.tick()

    def metered(self) -> dict[tuple[str, str], int]:
        """Energy by device and method over all that is spooled, µJ."""
        self.session.close()
        sums: dict[tuple[str, str], int] = {}
        for batch in self.spool.entries():
            check(batch, now_us=self.clock.wall_us())
            uids = [device.uid for device in batch.devices]
            rows = zip(
                batch.meters.device, batch.meters.method, batch.meters.energy_uj, strict=True
            )
            for device, method, energy_uj in rows:
                key = (uids[device], method)
                sums[key] = sums.get(key, 0) + energy_uj
        return sums


@pytest.fixture
def bench_of(tmp_path: Path) -> Callable[..., Bench]:
    def make(clock: ManualClock, *shelves: Shelf) -> Bench:
        return Bench(tmp_path, clock, shelves)

    return make


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic_us=SECOND)


def test_a_permission_that_is_granted_ends_the_estimate_and_nothing_is_counted_twice(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    rapl = Shelf("rapl!", clock, CLOSED)
    bench = bench_of(clock, rapl)
    bench.run(20)
    rapl.sensors = [PACKAGE]
    bench.run(60)
    metered = bench.metered()
    measured_us = metered["cpu:m:package-0", "counter"] // len("rapl!")
    estimated_us = metered["cpu:m:estimate", "estimated"] // len("est")
    assert measured_us > 0
    assert measured_us + estimated_us == 80 * SECOND


def test_a_gpu_that_a_better_probe_reads_later_is_read_by_that_alone(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver, exporter = Shelf("nvml", clock), Shelf("exporter", clock, replace(GPU, source="page"))
    bench = bench_of(clock, driver, exporter)
    bench.run(10)
    driver.sensors = [GPU]
    bench.run(LATE_US // SECOND)
    before, exporter.gone = exporter.reads, True
    bench.run(60)
    assert exporter.reads == before
    by_exporter_us, by_driver_us = LATE_US, 70 * SECOND
    expected = len("exporter") * by_exporter_us + len("nvml") * by_driver_us
    assert bench.metered()["GPU-1", "counter"] == expected


def test_what_a_probe_learned_of_a_sensor_counts_for_the_meter_that_runs(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    exporter = Shelf("exporter", clock, replace(GPU, update_us=30 * SECOND))
    bench = bench_of(clock, exporter)
    bench.run(20)
    exporter.sensors = [replace(GPU, update_us=SECOND)]
    bench.run(LATE_US // SECOND + 20)
    whole_us = LATE_US + 40 * SECOND
    assert bench.metered()["GPU-1", "counter"] == len("exporter") * whole_us
    errors = [batch.meters.err_rand_uj for batch in bench.spool.entries()]
    assert max(errors[-2]) < max(errors[0])


def test_a_device_that_is_found_and_then_gone_is_looked_for_less_and_less_often(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver = Shelf("nvml", clock, GPU)
    bench = bench_of(clock, driver)
    bench.run(5)
    before, driver.gone = driver.reads, True
    bench.run(3_600)
    assert driver.reads - before < 40  # every five seconds would be 720


def test_windows_that_wait_for_the_disk_keep_the_sensors_that_they_were_measured_with(
    bench_of: Callable[..., Bench], clock: ManualClock, tmp_path: Path
) -> None:
    rapl = Shelf("rapl!", clock, CLOSED)
    (tmp_path / "spool").write_text("no folder", encoding="ascii")
    bench = bench_of(clock, rapl)
    bench.run(12)
    assert bench.outbox.unwritten
    rapl.sensors = [PACKAGE]
    bench.run(30)
    bench.spool.path.parent.unlink()
    metered = bench.metered()
    measured_us = metered["cpu:m:package-0", "counter"] // len("rapl!")
    estimated_us = metered["cpu:m:estimate", "estimated"] // len("est")
    assert measured_us + estimated_us == 42 * SECOND


def test_a_containers_limit_counts_only_while_the_cpu_is_estimated(clock: ManualClock) -> None:
    rapl = Shelf("rapl!", clock, CLOSED)
    roster = Roster([rapl], {"cpu": Shelf("est", clock, ESTIMATE)})
    host = HostIdentity("m", "node", "boot")
    rig = Rig(clock, host, *roster.look(), ProcessTable(Path("/proc")), roster)
    assert rig.estimates_cpu
    rapl.sensors = [PACKAGE]
    rig.look_again()
    assert not rig.estimates_cpu
