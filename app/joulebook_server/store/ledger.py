"""The quarter-hour ledger and its roll-up, recomputed from what they come from.

A quarter hour of one device is always computed whole from its readings, so the order in which they
arrived, and how often, cannot show in it.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook.core.fold import BookedPart, Booking, MeterWindow, fold
from joulebook_server.store import readings
from joulebook_server.store.engine import rows_of
from joulebook_server.store.jobs import EffectiveJob, effective_jobs, parents_of
from joulebook_server.store.tables import DeviceRow, LedgerRow, PresenceRow, RollupRow, table_of

LEDGER = table_of(LedgerRow)
ROLLUP = table_of(RollupRow)
PRESENCE = table_of(PresenceRow)
DEVICES = table_of(DeviceRow)


@dataclass
class _Sum:
    """Energy, observed time and errors of one ledger row."""

    energy_uj: int = 0
    observed_us: int = 0
    err_sys_uj: int = 0
    err_rand_sq: int = 0

    def add(self, energy_uj: int, observed_us: int, err_sys_uj: int, err_rand_uj: int) -> None:
        self.energy_uj += energy_uj
        self.observed_us += observed_us
        self.err_sys_uj += err_sys_uj
        self.err_rand_sq += err_rand_uj**2

    def values(self) -> dict[str, int]:
        root = math.isqrt(self.err_rand_sq)
        return {
            "energy_uj": self.energy_uj,
            "observed_us": self.observed_us,
            "err_sys_uj": self.err_sys_uj,
            "err_rand_uj": root + (root * root < self.err_rand_sq),
        }


def recompute(connection: Connection, host_id: str, touched: Iterable[tuple[str, int]]) -> None:
    """Compute the ledger anew for (device uid, quarter) pairs of a host, then its roll-up."""
    parents = parents_of(connection, host_id)
    pairs = sorted(touched)
    for device_uid, quarter_us in pairs:
        _recompute_device(connection, (host_id, device_uid, quarter_us), parents)
    roll_up(connection, {(host_id, quarter_us) for _, quarter_us in pairs})


def quarters_of_jobs(connection: Connection, uids: Collection[str]) -> set[tuple[str, int]]:
    """(host, quarter) pairs in whose ledger these jobs stand."""
    query = select(LEDGER.c.host_id, LEDGER.c.quarter_us).distinct()
    return {
        (row.host_id, row.quarter_us) for row in rows_of(connection, query, LEDGER.c.job_uid, uids)
    }


def roll_up(connection: Connection, quarters: Iterable[tuple[str, int]]) -> None:
    """Compute the roll-up of (host, quarter) pairs anew from their ledger."""
    for host_id, quarter_us in sorted(quarters):
        rows = connection.execute(
            select(LEDGER, DEVICES.c.kind.label("component"))
            .join(
                DEVICES,
                (DEVICES.c.host_id == LEDGER.c.host_id)
                & (DEVICES.c.device_uid == LEDGER.c.device_uid),
            )
            .where(LEDGER.c.host_id == host_id, LEDGER.c.quarter_us == quarter_us)
        ).all()
        jobs = effective_jobs(connection, {row.job_uid for row in rows if row.job_uid})
        sums: dict[tuple[str, ...], _Sum] = {}
        for row in rows:
            total = sums.setdefault(_rollup_key(row, jobs.get(row.job_uid)), _Sum())
            total.add(row.energy_uj, row.observed_us, row.err_sys_uj, row.err_rand_uj)
        connection.execute(
            ROLLUP.delete().where(ROLLUP.c.host_id == host_id, ROLLUP.c.quarter_us == quarter_us)
        )
        names = ("zone", "project", "model", "variant", "kind", "component", "bucket", "method")
        _insert(
            connection,
            ROLLUP,
            [
                {
                    "host_id": host_id,
                    "quarter_us": quarter_us,
                    **dict(zip(names, key, strict=True)),
                    **total.values(),
                }
                for key, total in sorted(sums.items())
            ],
        )


def ledger_of_quarter(
    meters: list[Row[Any]], parts: list[Row[Any]], parents: Mapping[tuple[str, str], str | None]
) -> tuple[frozenset[tuple[str, ...]], dict[tuple[str, str, str, str], dict[str, int]]]:
    """What the readings of one device and quarter hour come to.

    Returns:
        Keys of the windows that count, and the ledger's values by (bucket, job, method, zone).
    """
    primary, bookings = booked(meters, parts, parents)
    sums: dict[tuple[str, str, str, str], _Sum] = {}
    for meter, booking in bookings:
        whole_uj = max(meter.energy_uj, 1)
        key = (booking.bucket, booking.job_uid, meter.method, meter.zone)
        sums.setdefault(key, _Sum()).add(
            booking.energy_uj,
            meter.observed_us,
            meter.err_sys_uj * booking.energy_uj // whole_uj,
            meter.err_rand_uj * booking.energy_uj // whole_uj,
        )
    return primary, {key: total.values() for key, total in sums.items()}


def booked(
    meters: list[Row[Any]], parts: list[Row[Any]], parents: Mapping[tuple[str, str], str | None]
) -> tuple[frozenset[tuple[str, ...]], list[tuple[Row[Any], Booking]]]:
    """Which windows of one device and quarter hour count, and where each one's energy went.

    Returns:
        Keys of the windows that count, and each booking beside its window.
    """
    by_key = {readings.key_of(row): row for row in meters}
    folded = fold(_windows(by_key, parts, parents))
    return folded.primary, [(by_key[one.window], one) for one in folded.bookings]


def _recompute_device(
    connection: Connection,
    of: tuple[str, str, int],
    parents: Mapping[tuple[str, str], str | None],
) -> None:
    host_id, device_uid, quarter_us = of
    meters, parts = readings.of_quarter(connection, host_id, device_uid, quarter_us)
    primary, values = ledger_of_quarter(meters, parts, parents)
    readings.mark_counted(connection, meters, primary)
    for table in (LEDGER, PRESENCE):
        connection.execute(
            table.delete().where(
                table.c.host_id == host_id,
                table.c.device_uid == device_uid,
                table.c.quarter_us == quarter_us,
            )
        )
    counting = [row for row in meters if readings.key_of(row) in primary]
    if not counting:
        return  # what was here went to another host
    presence = {
        "host_id": host_id,
        "quarter_us": quarter_us,
        "device_uid": device_uid,
        "first_us": min(row.start_us for row in counting),
        "last_us": max(row.end_us for row in counting),
        "observed_us": sum(row.observed_us for row in counting),
    }
    _insert(connection, PRESENCE, [presence])
    names = ("bucket", "job_uid", "method", "zone")
    _insert(
        connection,
        LEDGER,
        [
            {
                "host_id": host_id,
                "quarter_us": quarter_us,
                "device_uid": device_uid,
                **dict(zip(names, key, strict=True)),
                **row,
            }
            for key, row in sorted(values.items())
        ],
    )


def _windows(
    meters: Mapping[tuple[str, ...], Row[Any]],
    parts: list[Row[Any]],
    parents: Mapping[tuple[str, str], str | None],
) -> list[MeterWindow]:
    booked: dict[tuple[str, ...], list[BookedPart]] = {key: [] for key in meters}
    for part in parts:
        parent = parents.get((part.agent_id, part.job_uid))
        entry = BookedPart(part.bucket, part.job_uid, parent, part.energy_uj)
        booked.setdefault(readings.key_of(part), []).append(entry)
    return [
        MeterWindow(
            key=key,
            role=row.role,
            start_us=row.start_us,
            end_us=row.end_us,
            energy_uj=row.energy_uj,
            observed_us=row.observed_us,
            method=row.method,
            err_sys_uj=row.err_sys_uj,
            err_rand_uj=row.err_rand_uj,
            parts=booked[key],
            counter_start_uj=row.counter_start_uj,
            counter_end_uj=row.counter_end_uj,
            boot_id=row.boot_id,
            reporter=(row.agent_id, row.epoch),
        )
        for key, row in meters.items()
    ]


def _rollup_key(row: Row[Any], job: EffectiveJob | None) -> tuple[str, ...]:
    labels = (job.project, job.model, job.variant_label, job.kind) if job else ("",) * 4
    return (row.zone, *(label or "" for label in labels), row.component, row.bucket, row.method)


def _insert(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:  # noqa: ANN401 - any table
    if rows:
        connection.execute(table.insert(), rows)
