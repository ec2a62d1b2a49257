"""A boot's readings, given to another host: a container named it before its agent did."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from joulebook_server.store import ledger, streams
from joulebook_server.store.descriptions import DEVICES, HOSTS
from joulebook_server.store.dialect import insert_new
from joulebook_server.store.engine import portions
from joulebook_server.store.job_reports import REPORTS
from joulebook_server.store.ledger import PRESENCE
from joulebook_server.store.payload import renamed
from joulebook_server.store.readings import READINGS, of_rows
from joulebook_server.store.streams import STREAMS


def move_boot(connection: Connection, boot_id: str, old: str, new: str) -> None:
    """Give what was measured in one boot of a host to another one; no energy changes.

    Args:
        connection: A transaction.
        boot_id: The boot.
        old: Id of the host that has it.
        new: Id of the host that gets it.
    """
    of_boot = (READINGS.c.host_id == old) & (READINGS.c.boot_id == boot_id)
    rows = connection.execute(select(READINGS).where(of_boot)).all()
    touched = {(one.device_uid, one.quarter_us) for one in of_rows(rows)}

    def moved(row: dict[str, Any]) -> dict[str, Any]:
        named = {name: renamed(row[name], old, new) for name in ("device_uid",) if name in row}
        return row | named | {"host_id": new}

    for uids in portions({uid for uid, _ in touched}):
        which = (DEVICES.c.host_id == old) & DEVICES.c.device_uid.in_(uids)
        _move(connection, DEVICES, which, moved, keep=True)
    _move(connection, READINGS, of_boot, moved)
    senders = {(row.agent_id, row.epoch) for row in rows}
    _share_streams(connection, senders, old, new)
    _move_reports(connection, {agent for agent, _ in senders}, old, moved)
    ledger.recompute(connection, old, touched)
    ledger.recompute(connection, new, {(renamed(uid, old, new), at) for uid, at in touched})
    _forget(connection, old)


def _share_streams(
    connection: Connection, senders: Collection[tuple[str, str]], old: str, new: str
) -> None:
    """What arrived for one host counts as arrived for the other: its readings are there now."""
    told = connection.execute(select(STREAMS).where(STREAMS.c.host_id == old)).all()
    rows = {(row.agent_id, row.epoch): row for row in told}
    keys = [(new, *sender) for sender in sorted(senders) if sender in rows]
    known = streams.taken(connection, keys)
    fresh = []
    for key in keys:
        row = rows[key[1:]]
        known[key].join(streams.Taken(row.taken))
        fresh.append((key, known[key], (row.role, row.version, row.received_us)))
    streams.keep(connection, fresh)


def _move(
    connection: Connection,
    table: Table,
    which: ColumnElement[bool],
    moved: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    keep: bool = False,
) -> None:
    rows = [dict(row) for row in connection.execute(select(table).where(which)).mappings()]
    insert_new(connection, table, [moved(row) for row in rows])
    if not keep:
        connection.execute(table.delete().where(which))


def _move_reports(
    connection: Connection,
    agents: Collection[str],
    old: str,
    moved: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """What these reporters said of jobs, if nothing else of theirs stays behind."""
    for agent_id in agents:
        left = select(READINGS.c.agent_id).where(
            READINGS.c.host_id == old, READINGS.c.agent_id == agent_id
        )
        if connection.execute(left.limit(1)).first() is None:
            which = (REPORTS.c.host_id == old) & (REPORTS.c.agent_id == agent_id)
            _move(connection, REPORTS, which, moved)


def _forget(connection: Connection, host_id: str) -> None:
    """A host of which nothing is left never was one."""
    for table in (READINGS, PRESENCE):
        left = select(table.c.host_id).where(table.c.host_id == host_id).limit(1)
        if connection.execute(left).first() is not None:
            return
    for table in (STREAMS, DEVICES, HOSTS):
        connection.execute(table.delete().where(table.c.host_id == host_id))
