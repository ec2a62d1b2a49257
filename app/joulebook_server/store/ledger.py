"""The quarter-hour ledger: computed from the readings, or added to where that comes to the same.

A quarter hour of one device is a function of its readings alone (`store.quarter`), so the order in
which they arrived, and how often, cannot show in it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from joulebook_server.store import readings
from joulebook_server.store.dialect import add, upsert
from joulebook_server.store.engine import portions, rows_of
from joulebook_server.store.jobs import parents_of
from joulebook_server.store.quarter import Account, Presence, account_of
from joulebook_server.store.rollup import roll_up
from joulebook_server.store.tables import LedgerRow, PresenceRow, table_of

LEDGER = table_of(LedgerRow)
PRESENCE = table_of(PresenceRow)

#: Host, device, quarter hour.
Place = tuple[str, str, int]
_KEY = ("bucket", "job_uid", "method", "zone")
_SUMMED = ("energy_uj", "observed_us", "err_sys_uj", "err_rand_high", "err_rand_low")


def recompute(connection: Connection, host_id: str, touched: Iterable[tuple[str, int]]) -> None:
    """Compute the ledger anew for (device uid, quarter) pairs of a host, then its roll-up."""
    pairs = sorted(touched)
    if not pairs:
        return
    parents = parents_of(connection, host_id)
    found = readings.of_quarters(connection, host_id, {quarter_us for _, quarter_us in pairs})
    for device_uid, quarter_us in pairs:
        account = account_of(found.get((device_uid, quarter_us), []), parents)
        _replace(connection, (host_id, device_uid, quarter_us), account)
    roll_up(connection, {(host_id, quarter_us) for _, quarter_us in pairs})


def extend(connection: Connection, added: Mapping[Place, Account]) -> None:
    """Add to the ledger.

    Args:
        connection: A transaction that writes.
        added: What comes on top of what is there; each presence is what the meters then come to.
    """
    rows = [
        {**_place(place), **dict(zip(_KEY, key, strict=True)), **total.values()}
        for place, account in added.items()
        for key, total in account.sums.items()
    ]
    add(connection, LEDGER, rows, _SUMMED)
    seen = [(at, account.presence) for at, account in added.items()]
    told = [{**_place(at), **one.values()} for at, one in seen if one is not None]
    upsert(connection, PRESENCE, told)


def presences(connection: Connection, places: Collection[Place]) -> dict[Place, Presence]:
    """What the meters of devices came to so far, where any was read."""
    columns = tuple_(PRESENCE.c.host_id, PRESENCE.c.device_uid, PRESENCE.c.quarter_us)
    found: dict[Place, Presence] = {}
    for some in portions(places):
        for row in connection.execute(select(PRESENCE).where(columns.in_(some))):
            found[row.host_id, row.device_uid, row.quarter_us] = _presence(row)
    return found


def quarters_of_jobs(connection: Connection, uids: Collection[str]) -> set[tuple[str, int]]:
    """(host, quarter) pairs in whose ledger these jobs stand."""
    query = select(LEDGER.c.host_id, LEDGER.c.quarter_us).distinct()
    return {
        (row.host_id, row.quarter_us) for row in rows_of(connection, query, LEDGER.c.job_uid, uids)
    }


def _replace(connection: Connection, place: Place, account: Account) -> None:
    at = _place(place)
    for table in (LEDGER, PRESENCE):
        same = [table.c[name] == value for name, value in at.items()]
        connection.execute(table.delete().where(*same))
    if account.presence is not None:  # else what was here went to another host
        extend(connection, {place: account})


def _presence(row: Row[Any]) -> Presence:
    return Presence(**{one.name: getattr(row, one.name) for one in fields(Presence)})


def _place(place: Place) -> dict[str, Any]:
    return dict(zip(("host_id", "device_uid", "quarter_us"), place, strict=True))
