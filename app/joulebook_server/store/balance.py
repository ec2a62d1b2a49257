"""What the balance compares: readings that count, their parts, and the ledger."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook_server.store import readings
from joulebook_server.store.descriptions import DEVICES
from joulebook_server.store.jobs import parents_of
from joulebook_server.store.ledger import LEDGER, ledger_of_quarter
from joulebook_server.store.readings import METERS, PARTS


@dataclass(frozen=True, slots=True)
class Quarter:
    """One device and quarter hour.

    Attributes:
        counting: Windows that count.
        energy_uj: The ledger's energy by (bucket, job, method, zone).
    """

    counting: frozenset[tuple[str, ...]]
    energy_uj: dict[tuple[str, str, str, str], int]


@dataclass(frozen=True)
class DeviceReadings:
    """One device's readings in a period, in order of time.

    Attributes:
        device: Its row.
        meters: All windows, also those that do not count.
        parts: Parts by window.
        ledger: Its ledger rows.
        parents: Parent by (reporter, job uid).
    """

    device: Row[Any]
    meters: list[Row[Any]]
    parts: dict[tuple[str, ...], list[Row[Any]]] = field(default_factory=dict)
    ledger: list[Row[Any]] = field(default_factory=list)
    parents: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def computed(self, quarter_us: int) -> Quarter:
        """What a quarter hour must be, from the readings."""
        meters = [row for row in self.meters if row.quarter_us == quarter_us]
        parts = [part for row in meters for part in self.parts.get(readings.key_of(row), [])]
        counting, values = ledger_of_quarter(meters, parts, self.parents)
        return Quarter(counting, {key: row["energy_uj"] for key, row in values.items()})

    def kept(self, quarter_us: int) -> Quarter:
        """What a quarter hour is."""
        return Quarter(
            frozenset(
                readings.key_of(row)
                for row in self.meters
                if row.quarter_us == quarter_us and row.counts
            ),
            {
                (row.bucket, row.job_uid, row.method, row.zone): row.energy_uj
                for row in self.ledger
                if row.quarter_us == quarter_us
            },
        )


def devices(connection: Connection) -> list[Row[Any]]:
    """All devices, in a stable order."""
    return list(
        connection.execute(select(DEVICES).order_by(DEVICES.c.host_id, DEVICES.c.device_uid))
    )


def readings_of(
    connection: Connection, device: Row[Any], from_us: int, to_us: int
) -> DeviceReadings:
    """Readings and ledger of one device whose quarter hour starts within ``[from, to)``."""
    meters = _rows(connection, METERS, device, from_us, to_us)
    parts: dict[tuple[str, ...], list[Row[Any]]] = {}
    for part in _rows(connection, PARTS, device, from_us, to_us):
        parts.setdefault(readings.key_of(part), []).append(part)
    return DeviceReadings(
        device=device,
        meters=sorted(meters, key=lambda row: (row.start_us, readings.key_of(row))),
        parts=parts,
        ledger=_rows(connection, LEDGER, device, from_us, to_us),
        parents=parents_of(connection, device.host_id),
    )


def _rows(
    connection: Connection,
    table: Any,  # noqa: ANN401 - any of the three tables
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
