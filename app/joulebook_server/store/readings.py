"""Readings: batches, meter windows and their parts, as they arrived."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook.core.units import quarter_of
from joulebook.wire import Batch
from joulebook_server.store.engine import rows_of
from joulebook_server.store.tables import BatchRow, MeterRow, PartRow, table_of

BATCHES = table_of(BatchRow)
METERS = table_of(MeterRow)
PARTS = table_of(PartRow)

#: Numbers of missing batches that an answer lists at most.
MISSING_LIMIT = 100
_SEEN_LIMIT = 10_000


def digest_of(connection: Connection, batch: Batch) -> str | None:
    """Digest of the batch that came under this number before, if one did."""
    query = select(BATCHES.c.digest).where(*_of_epoch(batch), BATCHES.c.seq == batch.seq)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def missing_before(connection: Connection, batch: Batch) -> list[int]:
    """Earlier numbers of this epoch that have not arrived, the newest at most."""
    query = (
        select(BATCHES.c.seq)
        .where(*_of_epoch(batch), BATCHES.c.seq < batch.seq)
        .order_by(BATCHES.c.seq.desc())
        .limit(_SEEN_LIMIT)
    )
    seen = set(connection.execute(query).scalars())
    first = batch.seq - _SEEN_LIMIT
    absent = [seq for seq in range(max(0, first), batch.seq) if seq not in seen]
    return absent[-MISSING_LIMIT:]


def write(connection: Connection, batch: Batch, content: str, now_us: int) -> set[tuple[str, int]]:
    """Keep a batch's readings.

    Args:
        connection: A transaction.
        batch: A batch under its host's id here.
        content: Digest of the batch as it was sent.
        now_us: When it came, µs since the epoch.

    Returns:
        The (device uid, quarter hour) pairs that they touch.
    """
    _write_batch(connection, batch, content, now_us)
    meters = _meters(batch)
    if meters:
        connection.execute(METERS.insert(), meters)
    parts = _parts(batch, meters)
    if parts:
        connection.execute(PARTS.insert(), parts)
    return {(meter["device_uid"], meter["quarter_us"]) for meter in meters}


def of_quarter(
    connection: Connection, host_id: str, device_uid: str, quarter_us: int
) -> tuple[list[Row[Any]], list[Row[Any]]]:
    """All meter windows and all parts of one device in one quarter hour."""
    meters = select(METERS).where(
        METERS.c.host_id == host_id,
        METERS.c.device_uid == device_uid,
        METERS.c.quarter_us == quarter_us,
    )
    parts = select(PARTS).where(
        PARTS.c.host_id == host_id,
        PARTS.c.device_uid == device_uid,
        PARTS.c.quarter_us == quarter_us,
    )
    return list(connection.execute(meters)), list(connection.execute(parts))


def quarters_of_jobs(
    connection: Connection, batch: Batch, uids: Collection[str]
) -> set[tuple[str, int]]:
    """(device uid, quarter hour) pairs in which this batch's reporter booked these jobs."""
    query = (
        select(PARTS.c.device_uid, PARTS.c.quarter_us)
        .distinct()
        .where(PARTS.c.host_id == batch.host.id, PARTS.c.agent_id == batch.agent.id)
    )
    return {
        (row.device_uid, row.quarter_us)
        for row in rows_of(connection, query, PARTS.c.job_uid, uids)
    }


def key_of(row: Row[Any] | Any) -> tuple[str, ...]:  # noqa: ANN401 - a meter's or a part's row
    """Identity of a window among those of its device and quarter; sorts as text."""
    numbers = (f"{row.start_us:020d}", f"{row.seq:020d}", f"{row.position:06d}")
    return (row.agent_id, row.epoch, *numbers)


def mark_counted(
    connection: Connection, rows: Collection[Row[Any]], primary: Collection[tuple[str, ...]]
) -> None:
    """Note on each reading whether it is the meter; only what changed is written."""
    for row in rows:
        counts = key_of(row) in primary
        if row.counts != counts:
            connection.execute(
                METERS.update()
                .where(
                    METERS.c.host_id == row.host_id,
                    METERS.c.device_uid == row.device_uid,
                    METERS.c.start_us == row.start_us,
                    METERS.c.agent_id == row.agent_id,
                    METERS.c.epoch == row.epoch,
                    METERS.c.seq == row.seq,
                    METERS.c.position == row.position,
                )
                .values(counts=counts)
            )


def _of_epoch(batch: Batch) -> tuple[Any, ...]:
    return (
        BATCHES.c.host_id == batch.host.id,
        BATCHES.c.agent_id == batch.agent.id,
        BATCHES.c.epoch == batch.agent.epoch,
    )


def _write_batch(connection: Connection, batch: Batch, content: str, now_us: int) -> None:
    connection.execute(
        BATCHES.insert(),
        {
            "host_id": batch.host.id,
            "agent_id": batch.agent.id,
            "epoch": batch.agent.epoch,
            "seq": batch.seq,
            "digest": content,
            "role": batch.agent.role,
            "version": batch.agent.version,
            "received_us": now_us,
        },
    )


def _meters(batch: Batch) -> list[dict[str, Any]]:
    meters = batch.meters
    uids = {device.ref: device.uid for device in batch.devices}
    columns = (
        *("start_us", "end_us", "counter_start_uj", "counter_end_uj", "energy_uj", "observed_us"),
        *("method", "err_sys_uj", "err_rand_uj", "power_max_mw", "utilization", "own_uj"),
    )
    return [
        {
            "host_id": batch.host.id,
            "device_uid": uids[ref],
            "agent_id": batch.agent.id,
            "epoch": batch.agent.epoch,
            "seq": batch.seq,
            "position": position,
            "quarter_us": quarter_of(meters.start_us[position]),
            "role": batch.agent.role,
            "boot_id": batch.host.boot_id,
            "zone": batch.host.zone or "",
            "counts": False,
            **{name: getattr(meters, name)[position] for name in columns},
        }
        for position, ref in enumerate(meters.device)
    ]


def _parts(batch: Batch, meters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    jobs = {job.ref: job.uid for job in batch.jobs}
    of_meter = ("host_id", "device_uid", "start_us", "agent_id", "epoch", "seq", "position")
    columns = batch.parts
    rows = zip(columns.meter, columns.job, columns.bucket, columns.energy_uj, strict=True)
    return [
        {
            **{name: meters[meter][name] for name in (*of_meter, "quarter_us")},
            "bucket": bucket,
            "job_uid": jobs.get(job, ""),
            "energy_uj": energy_uj,
        }
        for meter, job, bucket, energy_uj in rows
    ]
