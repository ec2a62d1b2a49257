"""Hosts, their devices and who reports for them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from joulebook_server.store.descriptions import DEVICES, HOSTS
from joulebook_server.store.engine import exact_sum, joined
from joulebook_server.store.readings import BATCHES, METERS


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who sent a host's newest batch.

    Attributes:
        role: ``agent`` or ``tracker``.
        version: Its version of joulebook.
        received_us: When the batch came, µs since the epoch.
    """

    role: str
    version: str
    received_us: int


def hosts(connection: Connection) -> list[Row[Any]]:
    """All hosts, by name."""
    return list(connection.execute(select(HOSTS).order_by(HOSTS.c.name, HOSTS.c.host_id)))


def devices(connection: Connection) -> dict[str, list[Row[Any]]]:
    """Devices by host, in a stable order."""
    query = select(DEVICES).order_by(DEVICES.c.host_id, DEVICES.c.kind, DEVICES.c.device_uid)
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        found.setdefault(row.host_id, []).append(row)
    return found


def reporters(connection: Connection) -> dict[str, Reporter]:
    """The reporter of each host's newest batch; an agent before a tracker of the same moment."""
    newest = (
        select(BATCHES.c.host_id, func.max(BATCHES.c.received_us).label("received_us"))
        .group_by(BATCHES.c.host_id)
        .subquery()
    )
    query = (
        select(BATCHES)
        .join(
            newest,
            (newest.c.host_id == BATCHES.c.host_id)
            & (newest.c.received_us == BATCHES.c.received_us),
        )
        .order_by(BATCHES.c.role.desc())
    )
    return {
        row.host_id: Reporter(row.role, row.version, row.received_us)
        for row in connection.execute(query)
    }


def methods(connection: Connection, since_us: int) -> dict[tuple[str, str], str]:
    """How each device was last known, by (host, device), among windows since a moment."""
    query = (
        select(METERS.c.host_id, METERS.c.device_uid, METERS.c.method)
        .where(METERS.c.quarter_us >= since_us, METERS.c.counts)
        .order_by(METERS.c.start_us)
    )
    return {(row.host_id, row.device_uid): row.method for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Total:
    """Energy of one device, and what the agent itself used of it, µJ; None if it was not told."""

    energy_uj: int
    own_uj: int | None


def totals(connection: Connection, period: tuple[int, int]) -> dict[tuple[str, str], Total]:
    """Of the windows that count, by (host, device), over whole quarter hours."""
    query = (
        select(
            METERS.c.host_id,
            METERS.c.device_uid,
            *exact_sum(METERS.c.energy_uj, "energy"),
            *exact_sum(METERS.c.own_uj, "own"),
        )
        .where(METERS.c.quarter_us >= period[0], METERS.c.quarter_us < period[1], METERS.c.counts)
        .group_by(METERS.c.host_id, METERS.c.device_uid)
    )
    return {
        (row.host_id, row.device_uid): Total(
            joined(row, "energy"), None if row.own_low is None else joined(row, "own")
        )
        for row in connection.execute(query)
    }
