"""Energy over time: stretches of readings for hours, of the ledger for days."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, select

from joulebook.core.units import quarter_of
from joulebook_server.store import readings
from joulebook_server.store.descriptions import DEVICES
from joulebook_server.store.jobs import parents_of
from joulebook_server.store.ledger import LEDGER, PRESENCE
from joulebook_server.store.quarter import booked

if TYPE_CHECKING:
    from joulebook_server.store.payload import Reading


@dataclass(frozen=True, slots=True)
class Stretch:
    """Energy that one device spent on one bucket and job between two instants.

    Attributes:
        host, device: Whose.
        start_us, end_us: From when to when, µs; spent evenly, as far as anybody knows.
        bucket: Where it was booked; an empty text for a meter that contains other devices.
        job: uid of the job; an empty text where there is none.
        energy_uj: Energy, µJ.
        method: How it is known.
        watched_us: The part of it in which the energy passed that is known, µs: a quarter hour of
            the ledger may hold a gap.
        additive: False for a meter that contains other devices.
    """

    host: str
    device: str
    start_us: int
    end_us: int
    bucket: str
    job: str
    energy_uj: int
    method: str
    watched_us: int
    additive: bool = True


def from_readings(
    connection: Connection, period: tuple[int, int], job: str | None = None
) -> Iterator[Stretch]:
    """Stretches as fine as the windows; for periods of hours.

    Args:
        connection: The database.
        period: ``[from, to)``, µs.
        job: uid of one job alone; all if None.
    """
    host_id, parents = None, {}
    found: dict[tuple[str, int], list[Reading]] = {}
    places = _places(connection, (quarter_of(period[0]), period[1]), job)
    for place in places:
        if place.host_id != host_id:  # the places of one host follow each other
            host_id = place.host_id
            parents = parents_of(connection, host_id)
            quarters = {one.quarter_us for one in places if one.host_id == host_id}
            found = readings.of_quarters(connection, host_id, quarters)
        windows = found.get((place.device_uid, place.quarter_us), [])
        primary, bookings = booked(windows, parents)
        shares = [(meter, one.bucket, one.job_uid, one.energy_uj) for meter, one in bookings]
        if not place.additive:  # what it measured is booked once, at the devices inside
            counted = [meter for meter in windows if meter.key in primary]
            shares = [(meter, "", "", meter.energy_uj) for meter in counted]
        for meter, bucket, uid, energy_uj in shares:
            if job is None or uid == job:
                yield Stretch(
                    place.host_id,
                    place.device_uid,
                    meter.start_us,
                    meter.end_us,
                    bucket,
                    uid,
                    energy_uj,
                    meter.method,
                    meter.end_us - meter.start_us,
                    place.additive,
                )


def from_ledger(
    connection: Connection, period: tuple[int, int], job: str | None = None
) -> Iterator[Stretch]:
    """Stretches of at most a quarter hour: while the device was watched; for days and more.

    Args:
        connection: The database.
        period: ``[from, to)``, µs, whole quarter hours.
        job: uid of one job alone; all if None.
    """
    same = (PRESENCE.c.host_id == LEDGER.c.host_id) & (PRESENCE.c.device_uid == LEDGER.c.device_uid)
    query = (
        select(
            LEDGER,
            PRESENCE.c.first_us,
            PRESENCE.c.last_us,
            PRESENCE.c.observed_us.label("watched_us"),
            DEVICES.c.additive,
        )
        .join(PRESENCE, same & (PRESENCE.c.quarter_us == LEDGER.c.quarter_us))
        .join(DEVICES, _device_of(LEDGER))
        .where(LEDGER.c.quarter_us >= period[0], LEDGER.c.quarter_us < period[1])
    )
    if job is not None:
        query = query.where(LEDGER.c.job_uid == job)
    for row in connection.execute(query):
        length_us = row.last_us - row.first_us
        yield Stretch(
            row.host_id,
            row.device_uid,
            row.first_us,
            row.last_us,
            row.bucket,
            row.job_uid,
            row.energy_uj,
            row.method,
            # A counter tells what passed in a gap as well; what is sampled is silent about it.
            length_us if row.method == "counter" else min(length_us, row.watched_us),
            row.additive,
        )


def devices_by_key(connection: Connection) -> dict[tuple[str, str], Row[tuple[object, ...]]]:
    """Rows of all devices by (host, device)."""
    return {(row.host_id, row.device_uid): row for row in connection.execute(select(DEVICES))}


def _places(
    connection: Connection, period: tuple[int, int], job: str | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Devices and quarter hours with a reading, or with energy of one job."""
    table = PRESENCE if job is None else LEDGER
    query = (
        select(table.c.host_id, table.c.device_uid, table.c.quarter_us, DEVICES.c.additive)
        .distinct()
        .join(DEVICES, _device_of(table))
        .where(table.c.quarter_us >= period[0], table.c.quarter_us < period[1])
        .order_by(table.c.host_id, table.c.device_uid, table.c.quarter_us)
    )
    if job is not None:
        query = query.where(LEDGER.c.job_uid == job)
    return connection.execute(query).all()


def _device_of(table: Any) -> Any:  # noqa: ANN401 - any table with devices, and a condition
    return (DEVICES.c.host_id == table.c.host_id) & (DEVICES.c.device_uid == table.c.device_uid)
