"""A boot's readings, given to another host: a container named it before its agent did."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select, tuple_

from joulebook_server.store import ledger
from joulebook_server.store.descriptions import DEVICES, HOSTS
from joulebook_server.store.dialect import insert_new
from joulebook_server.store.engine import portions
from joulebook_server.store.job_reports import REPORTS
from joulebook_server.store.readings import BATCHES, METERS, PARTS

_SENT = ("agent_id", "epoch", "seq")


def renamed(uid: str, old: str, new: str) -> str:
    """A device's id where it holds the id of its host, such as ``cpu:<machine-id>:package-0``."""
    return ":".join(new if part == old else part for part in uid.split(":"))


def move_boot(connection: Connection, boot_id: str, old: str, new: str) -> None:
    """Give what was measured in one boot of a host to another one; no energy changes.

    Args:
        connection: A transaction.
        boot_id: The boot.
        old: Id of the host that has it.
        new: Id of the host that gets it.
    """
    of_boot = (METERS.c.host_id == old) & (METERS.c.boot_id == boot_id)
    query = select(METERS.c.device_uid, METERS.c.quarter_us).where(of_boot).distinct()
    touched = {(row.device_uid, row.quarter_us) for row in connection.execute(query)}
    sent = select(*(METERS.c[name] for name in _SENT)).where(of_boot).distinct()
    batches = [tuple(row) for row in connection.execute(sent)]

    def moved(row: dict[str, Any]) -> dict[str, Any]:
        named = {name: renamed(row[name], old, new) for name in ("device_uid",) if name in row}
        return row | named | {"host_id": new}

    for uids in portions({uid for uid, _ in touched}):
        which = (DEVICES.c.host_id == old) & DEVICES.c.device_uid.in_(uids)
        _move(connection, DEVICES, which, moved, keep=True)
    for table in (PARTS, METERS, BATCHES):
        keys = tuple_(*(table.c[name] for name in _SENT))
        for some in portions(batches):
            _move(connection, table, (table.c.host_id == old) & keys.in_(some), moved)
    _move_reports(connection, {str(agent) for agent, _, _ in batches}, old, moved)
    ledger.recompute(connection, old, touched)
    ledger.recompute(connection, new, {(renamed(uid, old, new), at) for uid, at in touched})
    _forget(connection, old)


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
        left = select(METERS.c.agent_id).where(
            METERS.c.host_id == old, METERS.c.agent_id == agent_id
        )
        if connection.execute(left.limit(1)).first() is None:
            which = (REPORTS.c.host_id == old) & (REPORTS.c.agent_id == agent_id)
            _move(connection, REPORTS, which, moved)


def _forget(connection: Connection, host_id: str) -> None:
    """A host of which no batch is left never was one."""
    left = select(BATCHES.c.host_id).where(BATCHES.c.host_id == host_id).limit(1)
    if connection.execute(left).first() is None:
        for table in (DEVICES, HOSTS):
            connection.execute(table.delete().where(table.c.host_id == host_id))
