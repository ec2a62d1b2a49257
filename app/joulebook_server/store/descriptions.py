"""What a host and its devices are, as last told.

A tracker in a container sees less than the agent: a made-up host name, sensors that it may not
read. So its word does not replace what an agent told lately.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Table, select

from joulebook.core.units import QUARTER_US
from joulebook.wire import Batch
from joulebook_server.store.dialect import upsert
from joulebook_server.store.tables import DeviceRow, HostRow, table_of

HOSTS = table_of(HostRow)
DEVICES = table_of(DeviceRow)

#: How long an agent's word stands against a tracker's, µs.
STANDS_US = QUARTER_US


def write(connection: Connection, batch: Batch, now_us: int) -> None:
    """Keep what a batch tells of its host and devices.

    Args:
        connection: A transaction.
        batch: A batch under the host's id here.
        now_us: When it came, µs since the epoch.
    """
    _write_host(connection, batch, now_us)
    _write_devices(connection, batch, now_us)


def _write_host(connection: Connection, batch: Batch, now_us: int) -> None:
    known = _rows(connection, HOSTS, batch.host.id, "host_id").get(batch.host.id)
    host = {
        "host_id": batch.host.id,
        "name": batch.host.name,
        "boot_id": batch.host.boot_id,
        "zone": batch.host.zone or "",
        "labels": dict(batch.host.labels),
        "first_us": now_us,
    }
    if known is not None:
        told = ("name", "zone", "labels") if _stands(known, batch, now_us) else ()
        host |= {name: known[name] for name in (*told, "first_us")}
    upsert(connection, HOSTS, [host | _heard(known, batch, now_us)])


def _write_devices(connection: Connection, batch: Batch, now_us: int) -> None:
    known = _rows(connection, DEVICES, batch.host.id, "device_uid")
    rows: list[dict[str, Any]] = []
    for device in batch.devices:
        before = known.get(device.uid)
        told = {key: value for key, value in asdict(device).items() if key not in {"ref", "uid"}}
        if before is not None and _stands(before, batch, now_us):
            told = {name: before[name] for name in told}
        key = {"host_id": batch.host.id, "device_uid": device.uid}
        rows.append(key | told | _heard(before, batch, now_us))
    upsert(connection, DEVICES, rows)


def _rows(
    connection: Connection, table: Table, host_id: str, key: str
) -> dict[str, dict[str, Any]]:
    rows = connection.execute(select(table).where(table.c.host_id == host_id)).mappings()
    return {row[key]: dict(row) for row in rows}


def _stands(known: dict[str, Any], batch: Batch, now_us: int) -> bool:
    """Whether an agent's word stands against this batch's."""
    return batch.agent.role != "agent" and now_us < known["agent_us"] + STANDS_US


def _heard(known: dict[str, Any] | None, batch: Batch, now_us: int) -> dict[str, int]:
    before = 0 if known is None else known["agent_us"]
    return {"last_us": now_us, "agent_us": now_us if batch.agent.role == "agent" else before}
