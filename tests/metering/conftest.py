"""A session on simulated sensors, in virtual time, with a real spool."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from joulebook.clock import ManualClock
from joulebook.discovery.host import HostIdentity
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.outbox import Outbox
from joulebook.metering.pace import Pace
from joulebook.metering.rig import Rig
from joulebook.metering.session import Session
from joulebook.metering.span import Labels, Span, new_uid
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Holder, Sensor
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch, Host

SENSOR = Sensor(
    uid="GPU-1",
    index=0,
    kind="gpu",
    scope="gpu",
    additive=True,
    name="GPU (simulated)",
    vendor="nvidia",
    method="counter",
    simulated=True,
)


@dataclass
class Bench:
    clock: ManualClock
    probe: MemoryProbe
    spool: Spool
    session: Session

    def span(self, parent: Span | None = None) -> Span:
        uid = new_uid(self.clock.wall_us())
        return Span(uid, Labels(), parent, parent.uid if parent else None)

    def batches(self) -> list[Batch]:
        return list(self.spool.entries())

    def booked(self) -> dict[tuple[str, str | None], int]:
        """Energy by bucket and job uid over everything spooled, µJ."""
        sums: dict[tuple[str, str | None], int] = {}
        for batch in self.batches():
            uids = {job.ref: job.uid for job in batch.jobs}
            for job, bucket, energy in zip(
                batch.parts.job, batch.parts.bucket, batch.parts.energy_uj, strict=True
            ):
                key = (bucket, uids.get(job))
                sums[key] = sums.get(key, 0) + energy
        return {key: energy for key, energy in sums.items() if energy}


@pytest.fixture
def bench_of(tmp_path: Path) -> Callable[..., Bench]:
    def make(
        counter: Callable[[int], int] = lambda now: 300 * now,
        holders: list[Holder] | None = None,
        window_s: float = 10.0,
        sensor: Sensor = SENSOR,
        own: frozenset[int] = frozenset(),
    ) -> Bench:
        clock = ManualClock()
        present: dict[str, Sequence[Holder]] = {} if holders is None else {"GPU-1": holders}
        probe = MemoryProbe(clock, {sensor: counter}, present)
        host = HostIdentity(id="host-1", name="node", boot_id="boot-1")
        rig = Rig(clock, host, [(sensor, probe)], [], ProcessTable(Path("/proc")))
        rig.own = own
        spool = Spool(tmp_path / "spool.db", clock)
        outbox = Outbox(
            spool,
            None,
            host=Host(id="host-1", name="node", boot_id="boot-1"),
            sensors=[sensor],
            version="0.1.0",
            clock=clock,
        )
        session = Session(rig, outbox, clock, Pace(int(window_s * 1_000_000), 3600.0))
        return Bench(clock, probe, spool, session)

    return make


@pytest.fixture
def processes() -> ProcessTable:
    """This machine's own processes."""
    return ProcessTable(Path("/proc"))
