"""What a batch measured in one quarter hour, packed: one row instead of hundreds.

The payload is the batch's own JSON, compressed: what came is what is kept. A batch whose windows
lie in several quarter hours is cut at their edges, so that a quarter hour can be read, and dropped
when it is old, by itself.
"""

import zlib
from dataclasses import dataclass, replace
from typing import Any

from joulebook.core.units import quarter_of
from joulebook.wire import Batch, Meters, Parts, decode, encode

_LEVEL = 6
_GZIP = zlib.MAX_WBITS | 16


@dataclass(frozen=True, slots=True)
class Part:
    """Where a reporter booked a part of one of its windows."""

    bucket: str
    job_uid: str
    energy_uj: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One meter window as one reporter sent it; see `joulebook.wire.Meters`.

    Attributes:
        position: Its place in what was sent of this quarter hour: with agent, epoch and number
            of the batch it names the window.
        parts: Where the reporter booked it.
    """

    host_id: str
    device_uid: str
    agent_id: str
    epoch: str
    seq: int
    position: int
    role: str
    boot_id: str
    zone: str
    start_us: int
    end_us: int
    counter_start_uj: int | None
    counter_end_uj: int | None
    energy_uj: int
    observed_us: int
    method: str
    err_sys_uj: int
    err_rand_uj: int
    power_max_mw: int | None
    own_uj: int | None
    parts: tuple[Part, ...]

    @property
    def quarter_us(self) -> int:
        """Quarter hour that it lies in."""
        return quarter_of(self.start_us)

    @property
    def key(self) -> tuple[str, ...]:
        """Its identity among those of its device and quarter hour; sorts as text."""
        numbers = (f"{self.start_us:020d}", f"{self.seq:020d}", f"{self.position:06d}")
        return (self.agent_id, self.epoch, *numbers)


def renamed(uid: str, old: str, new: str) -> str:
    """A device's id where it holds the id of its host, such as ``cpu:<machine-id>:package-0``."""
    return ":".join(new if part == old else part for part in uid.split(":"))


def pack(batch: Batch) -> bytes:
    """A batch as its payload."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return packer.compress(encode(batch)) + packer.flush()


def cut(batch: Batch) -> dict[int, Batch]:
    """The batch by the quarter hours of its windows; itself where all lie in one."""
    quarters = [quarter_of(start_us) for start_us in batch.meters.start_us]
    wanted = sorted(set(quarters))
    if len(wanted) <= 1:
        return dict.fromkeys(wanted, batch)
    return {quarter_us: _within(batch, quarters, quarter_us) for quarter_us in wanted}


def windows(row: Any) -> list[Reading]:  # noqa: ANN401 - a row of the readings
    """The windows of one row, in the order in which they were sent.

    Args:
        row: Its columns `host_id` and `payload`.
    """
    return readings_of(decode(zlib.decompress(row.payload, _GZIP)), row.host_id)


def readings_of(batch: Batch, host_id: str) -> list[Reading]:
    """The windows of a batch, in the order in which they were sent.

    Args:
        batch: The batch.
        host_id: Its host's id here; device ids that hold the one that was sent change with it.
    """
    host, agent, meters, parts = batch.host, batch.agent, batch.meters, batch.parts
    uids = {one.ref: renamed(one.uid, host.id, host_id) for one in batch.devices}
    jobs = {one.ref: one.uid for one in batch.jobs}
    booked: list[list[Part]] = [[] for _ in meters.device]
    for meter, job, bucket, energy_uj in zip(
        parts.meter, parts.job, parts.bucket, parts.energy_uj, strict=True
    ):
        booked[meter].append(Part(bucket, jobs.get(job, ""), energy_uj))
    sent = (agent.id, agent.epoch, batch.seq)
    place = (agent.role, host.boot_id, host.zone or "")
    columns = zip(
        meters.device,
        meters.start_us,
        meters.end_us,
        meters.counter_start_uj,
        meters.counter_end_uj,
        meters.energy_uj,
        meters.observed_us,
        meters.method,
        meters.err_sys_uj,
        meters.err_rand_uj,
        meters.power_max_mw,
        meters.own_uj,
        strict=True,
    )
    found = []
    for position, (ref, *figures) in enumerate(columns):
        its = tuple(booked[position])
        window: Any = (host_id, uids[ref], *sent, position, *place, *figures, its)
        found.append(Reading(*window))
    return found


def _within(batch: Batch, quarters: list[int], quarter_us: int) -> Batch:
    kept = [position for position, one in enumerate(quarters) if one == quarter_us]
    fresh = {position: index for index, position in enumerate(kept)}
    meters, parts = batch.meters, batch.parts
    which = [index for index, meter in enumerate(parts.meter) if meter in fresh]
    columns = {
        name: [column[position] for position in kept] if (column := getattr(meters, name)) else []
        for name in Meters.__dataclass_fields__
    }
    of_parts = {
        name: [getattr(parts, name)[index] for index in which]
        for name in ("job", "bucket", "energy_uj")
    }
    return replace(
        batch,
        meters=Meters(**columns),
        parts=Parts(meter=[fresh[parts.meter[index]] for index in which], **of_parts),
    )
