"""Energy over time: stretches of readings for hours, of the ledger for days."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Row, select

from joulebook.core.units import QUARTER_US, quarter_of
from joulebook_server.store import readings
from joulebook_server.store.jobs import parents_of
from joulebook_server.store.ledger import LEDGER, PRESENCE, booked
from joulebook_server.store.readings import DEVICES, METERS


@dataclass(frozen=True, slots=True)
class Stretch:
    """Energy that one device spent on one bucket and job between two instants.

    Attributes:
        host, device: Whose.
        start_us, end_us: From when to when, µs; spent evenly, as far as anybody knows.
        bucket: Where it was booked.
        job: uid of the job; an empty text where there is none.
        energy_uj: Energy, µJ.
        method: How it is known.
    """

    host: str
    device: str
    start_us: int
    end_us: int
    bucket: str
    job: str
    energy_uj: int
    method: str


def from_readings(
    connection: Connection, period: tuple[int, int], host: str | None = None
) -> Iterator[Stretch]:
    """Stretches as fine as the windows; for periods of hours.

    Args:
        connection: The database.
        period: ``[from, to)``, µs.
        host: One host alone; all if None.
    """
    from_us, to_us = quarter_of(period[0]), period[1]
    parents: dict[str, dict[tuple[str, str], str | None]] = {}
    for device in _devices(connection, host):
        quarters = connection.execute(
            select(METERS.c.quarter_us)
            .distinct()
            .where(
                METERS.c.host_id == device.host_id,
                METERS.c.device_uid == device.device_uid,
                METERS.c.quarter_us >= from_us,
                METERS.c.quarter_us < to_us,
            )
            .order_by(METERS.c.quarter_us)
        ).scalars()
        for quarter_us in quarters.all():
            if device.host_id not in parents:
                parents[device.host_id] = parents_of(connection, device.host_id)
            meters, parts = readings.of_quarter(
                connection, device.host_id, device.device_uid, quarter_us
            )
            for meter, booking in booked(meters, parts, parents[device.host_id])[1]:
                yield Stretch(
                    device.host_id,
                    device.device_uid,
                    meter.start_us,
                    meter.end_us,
                    booking.bucket,
                    booking.job_uid,
                    booking.energy_uj,
                    meter.method,
                )


def from_ledger(
    connection: Connection, period: tuple[int, int], job: str | None = None
) -> Iterator[Stretch]:
    """Stretches of at most a quarter hour: while the device was watched; for days and more.

    Args:
        connection: The database.
        period: ``[from, to)``, µs.
        job: uid of one job alone; all if None.
    """
    query = (
        select(LEDGER, PRESENCE.c.first_us, PRESENCE.c.last_us)
        .join(
            PRESENCE,
            (PRESENCE.c.host_id == LEDGER.c.host_id)
            & (PRESENCE.c.device_uid == LEDGER.c.device_uid)
            & (PRESENCE.c.quarter_us == LEDGER.c.quarter_us),
        )
        .join(
            DEVICES,
            (DEVICES.c.host_id == LEDGER.c.host_id) & (DEVICES.c.device_uid == LEDGER.c.device_uid),
        )
        .where(
            DEVICES.c.additive,
            LEDGER.c.quarter_us > period[0] - QUARTER_US,
            LEDGER.c.quarter_us < period[1],
        )
    )
    if job is not None:
        query = query.where(LEDGER.c.job_uid == job)
    for row in connection.execute(query):
        yield Stretch(
            row.host_id,
            row.device_uid,
            row.first_us,
            row.last_us,
            row.bucket,
            row.job_uid,
            row.energy_uj,
            row.method,
        )


def devices_by_key(connection: Connection) -> dict[tuple[str, str], Row[tuple[object, ...]]]:
    """Rows of all devices by (host, device)."""
    return {(row.host_id, row.device_uid): row for row in connection.execute(select(DEVICES))}


def _devices(connection: Connection, host: str | None) -> list[Row[tuple[object, ...]]]:
    """Devices whose energy adds up; a meter that contains others stands beside them."""
    query = select(DEVICES).where(DEVICES.c.additive)
    if host is not None:
        query = query.where(DEVICES.c.host_id == host)
    return list(connection.execute(query.order_by(DEVICES.c.host_id, DEVICES.c.device_uid)))
