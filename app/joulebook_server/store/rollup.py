"""The ledger once more, by the labels that reports ask for most."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook_server.store.descriptions import DEVICES
from joulebook_server.store.dialect import add
from joulebook_server.store.jobs import EffectiveJob, effective_jobs
from joulebook_server.store.quarter import Sum
from joulebook_server.store.tables import LedgerRow, RollupRow, table_of

LEDGER = table_of(LedgerRow)
ROLLUP = table_of(RollupRow)

#: Zone, project, model, variant, kind, component, bucket, method.
RollupKey = tuple[str, ...]
_NAMES = ("zone", "project", "model", "variant", "kind", "component", "bucket", "method")
_SUMMED = ("energy_uj", "observed_us", "err_sys_uj", "err_rand_high", "err_rand_low")


def key_of(
    zone: str, job: EffectiveJob | None, component: str, bucket: str, method: str
) -> RollupKey:
    """Where a ledger row stands in the roll-up."""
    labels = (job.project, job.model, job.variant_label, job.kind) if job else ("",) * 4
    return (zone, *(label or "" for label in labels), component, bucket, method)


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
        connection.execute(
            ROLLUP.delete().where(ROLLUP.c.host_id == host_id, ROLLUP.c.quarter_us == quarter_us)
        )
        extend(connection, {(host_id, quarter_us): _sums(rows, jobs)})


def extend(
    connection: Connection, added: Mapping[tuple[str, int], Mapping[RollupKey, Sum]]
) -> None:
    """Add to the roll-up, by (host, quarter)."""
    rows: list[dict[str, Any]] = [
        {
            "host_id": host_id,
            "quarter_us": quarter_us,
            **dict(zip(_NAMES, key, strict=True)),
            **total.values(),
        }
        for (host_id, quarter_us), sums in added.items()
        for key, total in sums.items()
    ]
    add(connection, ROLLUP, rows, _SUMMED)


def _sums(rows: Iterable[Row[Any]], jobs: Mapping[str, EffectiveJob]) -> dict[RollupKey, Sum]:
    sums: dict[RollupKey, Sum] = {}
    for row in rows:
        key = key_of(row.zone, jobs.get(row.job_uid), row.component, row.bucket, row.method)
        square = (row.err_rand_high, row.err_rand_low)
        sums.setdefault(key, Sum()).add(row.energy_uj, row.observed_us, row.err_sys_uj, square)
    return sums
