"""What the balance compares: readings that count, their parts, and the ledger."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook_server.store.descriptions import DEVICES
from joulebook_server.store.jobs import parents_of
from joulebook_server.store.ledger import LEDGER, PRESENCE
from joulebook_server.store.payload import Reading
from joulebook_server.store.quarter import Account, Parents, account_of, booked
from joulebook_server.store.readings import by_device, of_period


@dataclass
class DeviceReadings:
    """One device's readings in a period, in order of time.

    Attributes:
        device: Its row.
        windows: All windows, also those that do not count.
        ledger: Its ledger rows.
        presence: Its presence rows.
        parents: Parent by (reporter, job uid).
    """

    device: Row[Any]
    windows: list[Reading] = field(default_factory=list)
    ledger: list[Row[Any]] = field(default_factory=list)
    presence: list[Row[Any]] = field(default_factory=list)
    parents: Parents = field(default_factory=dict)

    def quarters(self) -> list[int]:
        """Quarter hours with a reading or a row, in order."""
        kept = {row.quarter_us for row in (*self.ledger, *self.presence)}
        return sorted(kept | {window.quarter_us for window in self.windows})

    def counting(self) -> list[Reading]:
        """The windows that count, in order of time."""
        primary = {
            key for its in self._by_quarter().values() for key in booked(its, self.parents)[0]
        }
        return [window for window in self.windows if window.key in primary]

    def computed(self) -> dict[int, tuple[object, ...]]:
        """What each quarter hour must be, from the readings."""
        return {
            quarter_us: _told(account_of(its, self.parents))
            for quarter_us, its in self._by_quarter().items()
        }

    def kept(self) -> dict[int, tuple[object, ...]]:
        """What each quarter hour is."""
        found: dict[int, tuple[object, ...]] = {}
        for quarter_us in {row.quarter_us for row in (*self.ledger, *self.presence)}:
            energy = {
                (row.bucket, row.job_uid, row.method, row.zone): row.energy_uj
                for row in self.ledger
                if row.quarter_us == quarter_us
            }
            seen = [row.energy_uj for row in self.presence if row.quarter_us == quarter_us]
            found[quarter_us] = (energy, seen)
        return found

    def _by_quarter(self) -> dict[int, list[Reading]]:
        found: dict[int, list[Reading]] = {}
        for window in self.windows:
            found.setdefault(window.quarter_us, []).append(window)
        return found


def devices(connection: Connection) -> list[Row[Any]]:
    """All devices, in a stable order."""
    return list(
        connection.execute(select(DEVICES).order_by(DEVICES.c.host_id, DEVICES.c.device_uid))
    )


def readings_of(connection: Connection, from_us: int, to_us: int) -> Iterator[DeviceReadings]:
    """Readings and ledger of every device, of quarter hours that start within ``[from, to)``."""
    windows: dict[str, list[Reading]] = {}
    parents: Parents = {}
    host_id = None
    for device in devices(connection):
        if device.host_id != host_id:  # the devices of one host follow each other
            host_id = device.host_id
            windows = by_device(of_period(connection, host_id, from_us, to_us))
            parents = parents_of(connection, host_id)
        yield DeviceReadings(
            device=device,
            windows=windows.get(device.device_uid, []),
            ledger=_rows(connection, LEDGER, device, from_us, to_us),
            presence=_rows(connection, PRESENCE, device, from_us, to_us),
            parents=parents,
        )


def _told(account: Account) -> tuple[object, ...]:
    seen = [] if account.presence is None else [account.presence.energy_uj]
    return {key: total.energy_uj for key, total in account.sums.items()}, seen


def _rows(
    connection: Connection,
    table: Any,  # noqa: ANN401 - one of two tables
    device: Row[Any],
    from_us: int,
    to_us: int,
) -> list[Row[Any]]:
    query = select(table).where(
        table.c.host_id == device.host_id,
        table.c.device_uid == device.device_uid,
        table.c.quarter_us >= from_us,
        table.c.quarter_us < to_us,
    )
    return list(connection.execute(query))
