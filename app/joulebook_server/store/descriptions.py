"""What a host and its devices are, as last told.

A tracker in a container sees less than the agent: a made-up host name, sensors that it may not
read. So its word does not replace what an agent told lately.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select

from joulebook.core.units import QUARTER_US
from joulebook.wire import Batch, Device
from joulebook_server.store.dialect import upsert
from joulebook_server.store.engine import rows_of
from joulebook_server.store.tables import DeviceRow, HostRow, table_of

HOSTS = table_of(HostRow)
DEVICES = table_of(DeviceRow)

#: How long an agent's word stands against a tracker's, µs.
STANDS_US = QUARTER_US
_TOLD = ("kind", "scope", "additive", "name", "vendor", "problem")


def write(
    connection: Connection, batches: Sequence[Batch], now_us: int
) -> dict[tuple[str, str], str]:
    """Keep what batches tell of their hosts and devices.

    Args:
        connection: A transaction.
        batches: Batches under their hosts' ids here.
        now_us: When they came, µs since the epoch.

    Returns:
        Kind of every device of these hosts, by (host, device).
    """
    ids = {batch.host.id for batch in batches}
    hosts = _rows(connection, HOSTS, ids, "host_id")
    devices = _rows(connection, DEVICES, ids, "device_uid")
    for batch in batches:
        key = (batch.host.id, batch.host.id)
        hosts[key] = _host(batch, hosts.get(key), now_us)
        for device in batch.devices:
            at = (batch.host.id, device.uid)
            devices[at] = _device(batch, device, devices.get(at), now_us)
    told = {(batch.host.id, one.uid) for batch in batches for one in batch.devices}
    upsert(connection, HOSTS, [hosts[one, one] for one in sorted(ids)])
    upsert(connection, DEVICES, [devices[at] for at in sorted(told)])
    return {at: row["kind"] for at, row in devices.items()}


def _host(batch: Batch, known: dict[str, Any] | None, now_us: int) -> dict[str, Any]:
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
    return host | _heard(known, batch, now_us)


def _device(
    batch: Batch, device: Device, known: dict[str, Any] | None, now_us: int
) -> dict[str, Any]:
    told = {name: getattr(device, name) for name in _TOLD}
    if known is not None and _stands(known, batch, now_us):
        told = {name: known[name] for name in _TOLD}
    key = {"host_id": batch.host.id, "device_uid": device.uid}
    return key | told | _heard(known, batch, now_us)


def _rows(
    connection: Connection, table: Table, hosts: Collection[str], key: str
) -> dict[tuple[str, str], dict[str, Any]]:
    rows = rows_of(connection, select(table), table.c.host_id, hosts)
    return {(row.host_id, row._mapping[key]): dict(row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's public name


def _stands(known: dict[str, Any], batch: Batch, now_us: int) -> bool:
    """Whether an agent's word stands against this batch's."""
    return batch.agent.role != "agent" and now_us < known["agent_us"] + STANDS_US


def _heard(known: dict[str, Any] | None, batch: Batch, now_us: int) -> dict[str, int]:
    before = 0 if known is None else known["agent_us"]
    return {"last_us": now_us, "agent_us": now_us if batch.agent.role == "agent" else before}
