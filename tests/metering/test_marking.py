"""An agent that was down: what passed meanwhile is in its spool once, whatever kills it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from joulebook.clock import ManualClock
from joulebook.discovery.host import HostIdentity
from joulebook.discovery.processes import ProcessTable
from joulebook.errors import Retry
from joulebook.metering.outbox import Outbox
from joulebook.metering.pace import Pace
from joulebook.metering.rig import Rig
from joulebook.metering.session import Session
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Reading, Sensor
from joulebook.shipping.spool import Spool
from joulebook.wire import Host, check

SECOND = 1_000_000
GPU = Sensor(
    uid="GPU-1",
    index=0,
    kind="gpu",
    scope="gpu",
    additive=True,
    name="GPU (simulated)",
    vendor="nvidia",
    method="counter",
    update_us=100_000,
    simulated=True,
)

Start = Callable[..., Session]


class Busy(MemoryProbe):
    """A driver that does not answer until a time."""

    def __init__(self, clock: ManualClock, until_us: int) -> None:
        super().__init__(clock, {GPU: lambda now: 300 * now}, {})
        self._time, self._until_us = clock, until_us

    def read(self, sensor: Sensor) -> Reading:
        if self._time.monotonic_us() < self._until_us:
            raise Retry("the driver hangs")
        return super().read(sensor)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(monotonic_us=SECOND)


@pytest.fixture
def start(tmp_path: Path, clock: ManualClock) -> Start:
    """Starts an agent's session on one GPU at 300 W; the one before it was killed, and its spool
    stays."""
    alive: list[Session] = []

    def make(boot_id: str = "boot", busy_until_us: int = 0) -> Session:
        if alive:
            alive.pop()._marking.end()  # noqa: SLF001 - as the kernel does when a process is killed
        probe = Busy(clock, busy_until_us)
        host = HostIdentity("m", "node", boot_id)
        rig = Rig(clock, host, [(GPU, probe)], [], ProcessTable(Path("/proc")))
        outbox = Outbox(
            Spool(tmp_path / "spool.db", clock),
            None,
            host=Host("m", "node", boot_id),
            sensors=[GPU],
            version="0.1.0",
            clock=clock,
            role="agent",
        )
        session = Session(rig, outbox, clock, Pace(10 * SECOND, 3_600.0))
        session.watch()
        alive.append(session)
        return session

    return make


def run(session: Session, clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(SECOND)
        session.tick()


def windows(session: Session, clock: ManualClock) -> list[tuple[int, int, int, str]]:
    """Start, end, energy and bucket of every window in the spool, in order of time."""
    found = []
    for batch in session.outbox.spool.entries():
        check(batch, now_us=clock.wall_us())
        buckets = dict(zip(batch.parts.meter, batch.parts.bucket, strict=True))
        meters = batch.meters
        rows = zip(meters.start_us, meters.end_us, meters.energy_uj, strict=True)
        found += [(*row, buckets[index]) for index, row in enumerate(rows)]
    return sorted(found)


def test_what_passed_while_it_was_down_is_unknown_and_every_window_joins_the_next(
    start: Start, clock: ManualClock
) -> None:
    run(start(), clock, 25)  # killed: its last five seconds are in no window
    clock.advance(600 * SECOND)
    session = start()
    run(session, clock, 20)
    found = windows(session, clock)
    assert sum(energy_uj for _, _, energy_uj, _ in found) == 300 * 645 * SECOND
    assert [end for _, end, _, _ in found[:-1]] == [begin for begin, _, _, _ in found[1:]]
    recovered = [row for row in found if row[1] - row[0] > 10 * SECOND]
    assert sum(end - begin for begin, end, _, _ in recovered) == 605 * SECOND
    assert {bucket for _, _, _, bucket in recovered} == {"unknown"}


def test_an_agent_that_was_stopped_in_order_leaves_no_gap_either(
    start: Start, clock: ManualClock
) -> None:
    first = start()
    run(first, clock, 14)
    first.close()
    clock.advance(30 * SECOND)
    session = start()
    run(session, clock, 10)
    assert sum(row[2] for row in windows(session, clock)) == 300 * 54 * SECOND


def test_one_that_is_killed_again_and_again_books_no_microjoule_twice(
    start: Start, clock: ManualClock
) -> None:
    for seconds in (3, 11, 0, 25, 1, 10):
        session = start()
        run(session, clock, seconds)
        clock.advance(7 * SECOND)
    session = start()
    found = windows(session, clock)
    assert sum(energy_uj for _, _, energy_uj, _ in found) == 300 * (
        clock.monotonic_us() - SECOND - _before_the_first_mark(found, clock)
    )


def _before_the_first_mark(found: list[tuple[int, int, int, str]], clock: ManualClock) -> int:
    """Nothing is known of the time before the first window that was ever kept."""
    return found[0][0] - (clock.wall_us() - clock.monotonic_us() + SECOND)


def test_after_a_boot_the_counter_is_another_and_nothing_is_recovered(
    start: Start, clock: ManualClock
) -> None:
    run(start(), clock, 10)
    clock.advance(600 * SECOND)
    session = start("another boot")
    run(session, clock, 10)
    assert sum(row[2] for row in windows(session, clock)) == 300 * 20 * SECOND


def test_a_gpu_that_does_not_answer_at_the_start_is_made_up_for_when_it_does(
    start: Start, clock: ManualClock
) -> None:
    run(start(), clock, 10)
    clock.advance(600 * SECOND)
    session = start(busy_until_us=clock.monotonic_us() + 25 * SECOND)
    run(session, clock, 50)
    assert sum(row[2] for row in windows(session, clock)) == 300 * 660 * SECOND


def test_a_second_agent_on_the_same_spool_takes_nothing_for_unwatched(
    start: Start, clock: ManualClock, tmp_path: Path
) -> None:
    daemon = start()
    run(daemon, clock, 15)
    beside = Outbox(
        Spool(tmp_path / "spool.db", clock),
        None,
        host=Host("m", "node", "boot"),
        sensors=[GPU],
        version="0.1.0",
        clock=clock,
        role="agent",
    )
    once = Session(daemon.rig, beside, clock, Pace(10 * SECOND, 3_600.0))
    once.watch()
    clock.advance(2 * SECOND)
    once.close()
    run(daemon, clock, 5)
    lengths = [end - begin for begin, end, _, _ in windows(daemon, clock)]
    assert sorted(lengths) == [2 * SECOND, 10 * SECOND, 10 * SECOND]
