"""One host is one host by its boot, also from a container that has another machine-id.

Every container of a machine sees the kernel's boot id, and whatever machine-id its image holds.
So all that reports under one boot is of one host: two of them that watch one device are then known
to watch the same one. An agent's machine-id names it; until an agent reports, the first tracker's
does.
"""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from joulebook.wire import Batch
from joulebook_server.store.dialect import insert_new
from joulebook_server.store.moving import move_boot
from joulebook_server.store.payload import renamed
from joulebook_server.store.tables import IdentityRow, table_of

IDENTITIES = table_of(IdentityRow)
_BOOT = ""


def as_one_host(connection: Connection, batch: Batch) -> Batch:
    """The batch under the id that its host has here.

    Device ids that hold the machine-id, such as ``cpu:<machine-id>:package-0``, change with it.
    What a tracker sent under a boot before the first agent of it goes to the agent's host.
    """
    sent_as = batch.host.id
    host_id = _host_of(connection, batch)
    if host_id == sent_as:
        return batch
    devices = [replace(one, uid=renamed(one.uid, sent_as, host_id)) for one in batch.devices]
    return replace(batch, host=replace(batch.host, id=host_id), devices=devices)


def _host_of(connection: Connection, batch: Batch) -> str:
    boot_id, machine_id = batch.host.boot_id, batch.host.id
    known = _known(connection, boot_id, machine_id)
    agent = batch.agent.role == "agent"
    if machine_id in known and (known[_BOOT].by_agent or not agent):
        return str(known[machine_id].host_id)
    if _BOOT not in known:
        _keep(connection, boot_id, _BOOT, machine_id, agent=agent)
        # Another container of this boot may have come first, at this very moment.
        known = _known(connection, boot_id, machine_id)
    boot = known[_BOOT]
    host_id = str(boot.host_id)
    if agent and not boot.by_agent:
        host_id = machine_id
        _claim(connection, boot_id, boot.host_id, host_id)
    _keep(connection, boot_id, machine_id, host_id, agent=False)
    return host_id


def _claim(connection: Connection, boot_id: str, old: str, new: str) -> None:
    """An agent names the host of a boot that trackers had named."""
    of_boot = IDENTITIES.update().where(IDENTITIES.c.boot_id == boot_id)
    connection.execute(of_boot.values(host_id=new))
    connection.execute(of_boot.where(IDENTITIES.c.machine_id == _BOOT).values(by_agent=True))
    if old != new:
        move_boot(connection, boot_id, old, new)


def _known(connection: Connection, boot_id: str, machine_id: str) -> dict[str, Row[Any]]:
    columns = tuple_(IDENTITIES.c.boot_id, IDENTITIES.c.machine_id)
    keys = [(boot_id, _BOOT), (boot_id, machine_id)]
    rows = connection.execute(select(IDENTITIES).where(columns.in_(keys)))
    return {row.machine_id: row for row in rows}


def _keep(
    connection: Connection, boot_id: str, machine_id: str, host_id: str, *, agent: bool
) -> None:
    row = {
        "boot_id": boot_id,
        "machine_id": machine_id,
        "host_id": host_id,
        "by_agent": agent,
    }
    insert_new(connection, IDENTITIES, [row])
