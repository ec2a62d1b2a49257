"""One host is one host by its boot, also from a container that has another machine-id.

Every container of a machine sees the kernel's boot id, and whatever machine-id its image holds.
So the first to report under a boot gives the host its id, and all later ones get that id in place
of their own: two of them that watch one device are then known to watch the same one.
"""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection, select, tuple_

from joulebook.wire import Batch, Device
from joulebook_server.store.engine import insert_new
from joulebook_server.store.tables import IdentityRow, table_of

IDENTITIES = table_of(IdentityRow)
_ANY = ""


def as_one_host(connection: Connection, batch: Batch) -> Batch:
    """The batch under the id that its host has here, which is kept from now on.

    A pair of boot and machine-id keeps the host that it was given once; a new one goes to the host
    of the boot, else to the host that this machine-id had at its earlier boots, else it is a host
    of its own. Device ids that hold the machine-id, such as ``cpu:<machine-id>:package-0``, change
    with it.
    """
    host_id = _host_of(connection, batch.host.boot_id, batch.host.id)
    if host_id == batch.host.id:
        return batch
    devices = [_renamed(device, batch.host.id, host_id) for device in batch.devices]
    return replace(batch, host=replace(batch.host, id=host_id), devices=devices)


def _host_of(connection: Connection, boot_id: str, machine_id: str) -> str:
    pair, boot, machine = (boot_id, machine_id), (boot_id, _ANY), (_ANY, machine_id)
    known = _known(connection, (pair, boot, machine))
    if pair in known:
        return known[pair]
    host_id = known.get(boot) or known.get(machine) or machine_id
    if boot not in known:
        _keep(connection, [boot], host_id)
        # Another container of this boot may have come first, at this very moment.
        host_id = _known(connection, [boot])[boot]
    _keep(connection, [machine, pair], host_id)
    return host_id


def _known(connection: Connection, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    columns = tuple_(IDENTITIES.c.boot_id, IDENTITIES.c.machine_id)
    rows = connection.execute(select(IDENTITIES).where(columns.in_(keys)))
    return {(row.boot_id, row.machine_id): row.host_id for row in rows}


def _keep(connection: Connection, keys: Iterable[tuple[str, str]], host_id: str) -> None:
    rows = [{"boot_id": boot, "machine_id": machine, "host_id": host_id} for boot, machine in keys]
    insert_new(connection, IDENTITIES, rows)


def _renamed(device: Device, machine_id: str, host_id: str) -> Device:
    parts = device.uid.split(":")
    if machine_id not in parts:
        return device
    uid = ":".join(host_id if part == machine_id else part for part in parts)
    return replace(device, uid=uid)
