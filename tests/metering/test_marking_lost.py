"""A device that is lost and comes back while the agent goes on running."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.metering.test_look_again import CLOSED, GPU, PACKAGE, SECOND, Bench, Shelf

from joulebook.clock import ManualClock
from joulebook.core.units import QUARTER_US
from joulebook.probes.protocol import Reading, Sensor

WRAPPING = replace(GPU, range_uj=262_143_328_850, max_power_mw=280_000)


class Lossy(Shelf):
    """A probe whose devices can be lost; what loses them may also reset their counters."""

    def __init__(self, name: str, clock: ManualClock, *sensors: Sensor) -> None:
        super().__init__(name, clock, *sensors)
        self.since_us = 0
        self._shown_uj: int | None = None

    def read(self, sensor: Sensor) -> Reading:
        told = super().read(sensor)
        return replace(told, counter_uj=len(self.name) * (told.at_us - self.since_us))


class Stuck(Lossy):
    """One whose counter may stand still while power says that energy passes; it catches up."""

    stands_still = False

    def read(self, sensor: Sensor) -> Reading:
        told = super().read(sensor)
        if not self.stands_still:
            self._shown_uj = told.counter_uj
        return replace(told, counter_uj=self._shown_uj, power_mw=4_000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic_us=SECOND)


@pytest.fixture
def bench_of(tmp_path: Path, clock: ManualClock) -> Callable[..., Bench]:
    """A session whose looks for lost devices come often: one that was killed leaves its spool."""
    alive: list[Bench] = []

    def make(*shelves: Shelf) -> Bench:
        if alive:
            alive.pop().session._marking.end()  # noqa: SLF001 - as the kernel does with its lock
        alive.append(Bench(tmp_path, clock, shelves))
        return alive[0]

    return make


def lose(bench: Bench, shelf: Shelf, seconds: int) -> None:
    """Nothing of it can be read for so long, and nobody found it in the list meanwhile."""
    sensors, shelf.sensors, shelf.gone = shelf.sensors, (), True
    bench.run(seconds)
    shelf.sensors, shelf.gone = sensors, False
    bench.run(320)  # by then it was looked for again


def gpu_uj(bench: Bench) -> int:
    """Energy of the GPU in all that is spooled, µJ."""
    return bench.metered()["GPU-1", "counter"]


def windows(bench: Bench) -> list[tuple[int, int, int, int, str]]:
    """Start, end, energy, observed time and bucket of every window of the GPU, in order of time."""
    found = []
    for batch in bench.spool.entries():
        refs = {one.uid: one.ref for one in batch.devices}
        buckets = dict(zip(batch.parts.meter, batch.parts.bucket, strict=True))
        meters = batch.meters
        columns = (meters.start_us, meters.end_us, meters.energy_uj, meters.observed_us)
        rows = zip(*columns, strict=True)
        found += [
            (*row, buckets.get(index, ""))
            for index, row in enumerate(rows)
            if meters.device[index] == refs["GPU-1"]
        ]
    return sorted(found)


def problems(bench: Bench) -> list[tuple[str, int]]:
    """What was told of the GPU, and how many windows of it came along."""
    return [
        (device.problem, batch.meters.device.count(device.ref))
        for batch in bench.spool.entries()
        for device in batch.devices
        if device.uid == "GPU-1" and device.problem
    ]


def test_what_it_used_while_it_was_lost_is_unknown_and_every_window_joins_the_next(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver = Lossy("nvml", clock, GPU)
    bench = bench_of(driver)
    bench.run(25)
    began_us = clock.monotonic_us()
    lose(bench, driver, 2 * QUARTER_US // SECOND)
    passed_us = clock.monotonic_us() - SECOND
    assert gpu_uj(bench) == len("nvml") * passed_us
    found = windows(bench)
    assert [end for _, end, *_ in found[:-1]] == [start for start, *_ in found[1:]]
    unseen = [row for row in found if row[3] == 0]
    assert {bucket for *_, bucket in unseen} == {"unknown"}
    assert sum(end - start for start, end, *_ in unseen) >= 2 * QUARTER_US - SECOND
    assert unseen[0][0] <= began_us + found[0][0] <= unseen[0][1]
    assert [row[2] for row in unseen] == [len("nvml") * (row[1] - row[0]) for row in unseen]
    assert all(start // QUARTER_US == (end - 1) // QUARTER_US for start, end, *_ in unseen)


def test_one_that_is_back_before_anybody_looks_is_made_up_for_as_well(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver = Lossy("nvml", clock, GPU)
    bench = bench_of(driver)
    bench.run(25)
    driver.gone = True
    bench.run(3)
    driver.gone = False
    bench.run(60)
    assert gpu_uj(bench) == len("nvml") * 88 * SECOND


def test_one_that_is_lost_again_and_again_is_counted_once(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver = Lossy("nvml", clock, GPU)
    bench = bench_of(driver)
    for seconds in (1, 40, 7, 400, 3):
        bench.run(seconds)
        lose(bench, driver, seconds)
    passed_us = clock.monotonic_us() - SECOND
    assert gpu_uj(bench) == len("nvml") * passed_us


def test_an_agent_that_is_killed_while_a_gpu_is_lost_leaves_its_mark_to_the_next(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver, other = Lossy("nvml", clock, GPU), Shelf("x", clock, replace(GPU, uid="GPU-2"))
    bench_of(driver, other).run(25)
    driver.gone = True
    bench_of(driver, other).run(60)
    driver.gone = False
    bench = bench_of(driver, other)
    bench.run(320)
    assert gpu_uj(bench) == len("nvml") * (clock.monotonic_us() - SECOND)


def test_what_an_estimate_stood_in_for_is_not_counted_again_when_the_counter_is_back(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    rapl = Lossy("rapl!", clock, PACKAGE)
    bench = bench_of(rapl)
    bench.run(20)
    rapl.sensors, rapl.gone = [CLOSED], True
    bench.run(320)
    rapl.sensors, rapl.gone = [PACKAGE], False
    bench.run(320)
    metered = bench.metered()
    measured_us = metered["cpu:m:package-0", "counter"] // len("rapl!")
    estimated_us = metered["cpu:m:estimate", "estimated"] // len("est")
    assert measured_us + estimated_us <= 660 * SECOND
    assert min(measured_us, estimated_us) > 0


def test_what_power_told_while_a_counter_stood_still_is_not_counted_again_by_it(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    driver = Stuck("nvml", clock, GPU)
    bench = bench_of(driver)
    bench.run(60)
    driver.stands_still = True
    bench.run(60)
    driver.stands_still = False
    lose(bench, driver, 30)
    metered = bench.metered()
    passed_uj = len("nvml") * (clock.monotonic_us() - SECOND)
    assert min(metered["GPU-1", "counter"], metered["GPU-1", "integrated"]) > 0
    assert metered["GPU-1", "counter"] + metered["GPU-1", "integrated"] <= passed_uj


@pytest.mark.parametrize(
    "case",
    [
        (GPU, 30, True, "the counter was reset"),
        (WRAPPING, 3_600, False, "the counter may have wrapped more than once"),
    ],
    ids=["driver loaded again", "lost for an hour"],
)
def test_what_its_counter_cannot_tell_is_a_gap_that_is_named_with_the_device(
    bench_of: Callable[..., Bench],
    clock: ManualClock,
    caplog: pytest.LogCaptureFixture,
    case: tuple[Sensor, int, bool, str],
) -> None:
    sensor, lost_s, reset, reason = case
    driver = Lossy("nvml", clock, sensor)
    bench = bench_of(driver)
    bench.run(600)
    driver.since_us = clock.monotonic_us() + SECOND if reset else 0
    lose(bench, driver, lost_s)
    named = f"energy while nobody read it is unknown: {reason}"
    told = problems(bench)
    assert [one for one in told if one[0] == named] == [(named, 0), (named, 1)]
    assert len([text for text in caplog.messages if named in text]) == 1
    assert {row[3] > 0 for row in windows(bench)} == {True}
    assert gpu_uj(bench) < len("nvml") * (clock.monotonic_us() - SECOND - lost_s * SECOND)
    assert problems(bench) == told  # it is well again


def test_a_gap_before_an_agents_start_is_named_before_the_first_window_is_full(
    bench_of: Callable[..., Bench], clock: ManualClock
) -> None:
    bench_of(Lossy("nvml", clock, WRAPPING)).run(25)
    clock.advance(3_600 * SECOND)
    bench = bench_of(Lossy("nvml", clock, WRAPPING))
    ((told, windows),) = problems(bench)
    assert (told[-41:], windows) == ("the counter may have wrapped more than once"[-41:], 0)
    bench.run(30)
    assert [count for _, count in problems(bench)] == [0, 1]
