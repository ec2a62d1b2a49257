"""Hosts, their devices and who reports for them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook_server.store.descriptions import DEVICES, HOSTS
from joulebook_server.store.ledger import PRESENCE
from joulebook_server.store.streams import STREAMS


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
    query = select(STREAMS).order_by(STREAMS.c.received_us, STREAMS.c.role.desc())
    return {
        row.host_id: Reporter(row.role, row.version, row.received_us)
        for row in connection.execute(query)
    }


@dataclass(frozen=True, slots=True)
class Total:
    """What the meters of one device came to.

    Attributes:
        energy_uj: Energy, µJ.
        own_uj: What the agent itself used of it, µJ; None if it was not told.
        method: How it was known last.
    """

    energy_uj: int
    own_uj: int | None
    method: str


def totals(connection: Connection, period: tuple[int, int]) -> dict[tuple[str, str], Total]:
    """Of the windows that count, by (host, device), over whole quarter hours."""
    query = (
        select(PRESENCE)
        .where(PRESENCE.c.quarter_us >= period[0], PRESENCE.c.quarter_us < period[1])
        .order_by(PRESENCE.c.quarter_us)
    )
    found: dict[tuple[str, str], Total] = {}
    for row in connection.execute(query):
        key = (row.host_id, row.device_uid)
        before = found.get(key, Total(0, None, ""))
        own = [one for one in (before.own_uj, row.own_uj) if one is not None]
        energy_uj = before.energy_uj + row.energy_uj
        found[key] = Total(energy_uj, sum(own) if own else None, row.method)
    return found
