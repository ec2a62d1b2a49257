"""The wall clock is stepped back an hour: labels repeat, joules do not."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.faults.stage import Stage, gpu_of

from joulebook.clock import ManualClock, SystemClock
from joulebook.discovery.host import HostIdentity
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.assemble import host_record
from joulebook.metering.outbox import Outbox
from joulebook.metering.pace import Pace
from joulebook.metering.rig import Rig
from joulebook.metering.session import Session
from joulebook.metering.span import Labels, Span, new_uid
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Holder, Sensor
from joulebook.shipping.http import HttpSender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND = 1_000_000
HOUR = 3_600 * SECOND
UJ_PER_US = 300
SENSOR = Sensor(
    uid="GPU-clock",
    index=0,
    kind="gpu",
    scope="gpu",
    additive=True,
    name="GPU (simulated)",
    vendor="nvidia",
    method="counter",
    simulated=True,
)


def session_on(clock: ManualClock, spool: Spool) -> Session:
    """Measures a GPU at 300 W, held by this process, with windows of ten seconds."""
    holders: dict[str, Sequence[Holder]] = {"GPU-clock": [Holder(os.getpid(), 1 << 30, 90)]}
    probe = MemoryProbe(clock, {SENSOR: lambda now_us: UJ_PER_US * now_us}, holders)
    host = HostIdentity("host-clock", "node", "boot-1")
    rig = Rig(clock, host, [(SENSOR, probe)], [], ProcessTable(Path("/proc")))
    outbox = Outbox(
        spool,
        None,
        host=host_record(host, None),
        sensors=[SENSOR],
        version="0.1.0",
        clock=clock,
        role="agent",
    )
    return Session(rig, outbox, clock, Pace(10 * SECOND, 3_600.0))


def run_on(clock: ManualClock, session: Session, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(SECOND)
        session.tick()


def test_a_wall_clock_stepped_back_an_hour_changes_no_total(stage: Stage) -> None:
    server = stage.serve()
    # A server takes no window from its future.
    clock = ManualClock(wall_us=SystemClock().wall_us() - 2 * HOUR)
    spool = Spool(stage.folder / "clock.db", clock)
    session = session_on(clock, spool)
    session.watch()
    span = Span(new_uid(clock.wall_us()), Labels(), None, None)
    session.begin(span)
    run_on(clock, session, 65)
    clock.step_wall(-HOUR)
    run_on(clock, session, 65)
    session.end(span)
    session.close()
    assert ship(spool, HttpSender(server.url)).left == 0
    assert spool.quarantined() == []
    spool.close()
    gpu = gpu_of(server, "GPU-clock")
    assert int(gpu["metered_uj"]) == UJ_PER_US * 130 * SECOND
    assert gpu["difference_uj"] == "0"
    assert gpu["faults"] == []
    assert server.get("/v1/ledger/balance")["exact"] is True
    job = server.get(f"/v1/jobs/{span.uid}")
    assert int(job["energy_uj"]) == UJ_PER_US * 130 * SECOND
