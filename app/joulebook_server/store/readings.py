"""Readings: batches, hosts, devices, meter windows and their parts, as they arrived."""

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook.core.units import quarter_of
from joulebook.wire import Batch, digest
from joulebook_server.store.engine import upsert
from joulebook_server.store.tables import BatchRow, DeviceRow, HostRow, MeterRow, PartRow, table_of

BATCHES = table_of(BatchRow)
HOSTS = table_of(HostRow)
DEVICES = table_of(DeviceRow)
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
    absent = [seq for seq in range(max(1, first), batch.seq) if seq not in seen]
    return absent[-MISSING_LIMIT:]


def write(connection: Connection, batch: Batch, now_us: int) -> set[tuple[str, int]]:
    """Keep a batch's readings.

    Returns:
        The (device uid, quarter hour) pairs that they touch.
    """
    _write_batch(connection, batch, now_us)
    _write_host(connection, batch, now_us)
    devices = [
        {
            "host_id": batch.host.id,
            "device_uid": device.uid,
            **{key: value for key, value in asdict(device).items() if key not in {"ref", "uid"}},
            "last_us": now_us,
        }
        for device in batch.devices
    ]
    upsert(connection, DEVICES, devices)
    meters = [_meter(batch, position) for position in range(len(batch.meters.device))]
    if meters:
        connection.execute(METERS.insert(), meters)
    parts = [_part(batch, index, meters) for index in range(len(batch.parts.meter))]
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


def _write_batch(connection: Connection, batch: Batch, now_us: int) -> None:
    connection.execute(
        BATCHES.insert(),
        {
            "host_id": batch.host.id,
            "agent_id": batch.agent.id,
            "epoch": batch.agent.epoch,
            "seq": batch.seq,
            "digest": digest(batch),
            "role": batch.agent.role,
            "version": batch.agent.version,
            "received_us": now_us,
        },
    )


def _write_host(connection: Connection, batch: Batch, now_us: int) -> None:
    query = select(HOSTS.c.first_us).where(HOSTS.c.host_id == batch.host.id)
    first_us = connection.execute(query).scalar_one_or_none()
    host = {
        "host_id": batch.host.id,
        "name": batch.host.name,
        "boot_id": batch.host.boot_id,
        "zone": batch.host.zone or "",
        "labels": dict(batch.host.labels),
        "first_us": now_us if first_us is None else first_us,
        "last_us": now_us,
    }
    upsert(connection, HOSTS, [host])


def _meter(batch: Batch, position: int) -> dict[str, Any]:
    meters = batch.meters
    uids = {device.ref: device.uid for device in batch.devices}
    columns = {
        name: getattr(meters, name)[position]
        for name in (
            *("start_us", "end_us", "counter_start_uj", "counter_end_uj", "energy_uj"),
            *("observed_us", "method", "err_sys_uj", "err_rand_uj", "power_max_mw"),
            "utilization",
        )
    }
    return {
        "host_id": batch.host.id,
        "device_uid": uids[meters.device[position]],
        "agent_id": batch.agent.id,
        "epoch": batch.agent.epoch,
        "seq": batch.seq,
        "position": position,
        "quarter_us": quarter_of(meters.start_us[position]),
        "role": batch.agent.role,
        "boot_id": batch.host.boot_id,
        "zone": batch.host.zone or "",
        "counts": False,
        **columns,
    }


def _part(batch: Batch, index: int, meters: list[dict[str, Any]]) -> dict[str, Any]:
    jobs = {job.ref: job.uid for job in batch.jobs}
    meter = meters[batch.parts.meter[index]]
    of_meter = ("host_id", "device_uid", "start_us", "agent_id", "epoch", "seq", "position")
    return {
        **{name: meter[name] for name in (*of_meter, "quarter_us")},
        "bucket": batch.parts.bucket[index],
        "job_uid": jobs.get(batch.parts.job[index], ""),
        "energy_uj": batch.parts.energy_uj[index],
    }
