"""Queries of reports: the roll-up where its keys suffice, else the ledger; never readings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from joulebook_server.store import squares
from joulebook_server.store.descriptions import DEVICES, HOSTS
from joulebook_server.store.engine import exact_sum, joined
from joulebook_server.store.jobs import EffectiveJob, effective_jobs
from joulebook_server.store.ledger import LEDGER, PRESENCE
from joulebook_server.store.rollup import ROLLUP

#: Labels that the roll-up knows; any other needs the ledger.
ROLLUP_LABELS = frozenset(
    {"project", "model", "variant", "kind", "component", "bucket", "zone", "host"}
)


#: So begin the ids of hosts that were imported. Nobody watches there between two readings, so there
#: is no presence against which a missing one could be held.
_IMPORTED = "external:"


@dataclass(frozen=True, slots=True)
class Line:
    """A sum over rows that agree in every label asked for.

    Attributes:
        labels: Labels by key; an empty text where there is none.
        quarter_us: Quarter hour; None where time is not asked for.
        energy_uj: Energy, µJ, exact.
        err_sys_uj: Systematic error, µJ.
        err_rand_sq: Sum of squares of random errors, µJ².
    """

    labels: Mapping[str, str]
    quarter_us: int | None
    energy_uj: int
    err_sys_uj: int
    err_rand_sq: int


@dataclass(frozen=True, slots=True)
class Place:
    """What a device is and where: its kind, and the zone its host last told."""

    component: str
    zone: str


@dataclass(frozen=True, slots=True)
class Watched:
    """How long a device was watched: `first_us` to `last_us`, of that `observed_us`."""

    host: str
    device: str
    job: str
    quarter_us: int | None
    first_us: int
    last_us: int
    observed_us: int


def from_rollup(
    connection: Connection, labels: Collection[str], period: tuple[int, int], *, by_time: bool
) -> list[Line]:
    """Lines by the roll-up's labels."""
    columns = {
        label: ROLLUP.c.host_id if label == "host" else ROLLUP.c[label]
        for label in sorted({*labels, "component", "bucket", "method", "zone"})
    }
    return _lines(connection, select(), ROLLUP, (columns, period, by_time))


def from_ledger(
    connection: Connection,
    period: tuple[int, int],
    jobs: Mapping[str, EffectiveJob],
    *,
    by_time: bool,
) -> list[Line]:
    """Lines by everything the ledger knows, with the labels of their jobs."""
    columns = {
        "host": LEDGER.c.host_id,
        "device": LEDGER.c.device_uid,
        "component": DEVICES.c.kind,
        "bucket": LEDGER.c.bucket,
        "job": LEDGER.c.job_uid,
        "method": LEDGER.c.method,
        "zone": LEDGER.c.zone,
    }
    same = (DEVICES.c.host_id == LEDGER.c.host_id) & (DEVICES.c.device_uid == LEDGER.c.device_uid)
    query = select().select_from(LEDGER.join(DEVICES, same))
    lines = _lines(connection, query, LEDGER, (columns, period, by_time))
    return [
        Line(
            {**line.labels, **_labels(jobs.get(line.labels["job"]))},
            line.quarter_us,
            line.energy_uj,
            line.err_sys_uj,
            line.err_rand_sq,
        )
        for line in lines
    ]


def watched_jobs(
    connection: Connection, period: tuple[int, int], *, by_time: bool
) -> list[Watched]:
    """Observed time of each job on each device."""
    keys = [LEDGER.c.host_id, LEDGER.c.device_uid, LEDGER.c.job_uid]
    keys += [LEDGER.c.quarter_us] if by_time else []
    query = (
        select(*keys, func.sum(LEDGER.c.observed_us).label("observed_us"))
        .where(LEDGER.c.bucket == "job", *_within(LEDGER, period))
        .group_by(*keys)
    )
    return [
        Watched(
            row.host_id,
            row.device_uid,
            row.job_uid,
            row.quarter_us if by_time else None,
            *(0, 0),
            int(row.observed_us),
        )
        for row in connection.execute(query)
    ]


def watched_devices(
    connection: Connection, period: tuple[int, int], *, by_time: bool
) -> list[Watched]:
    """When each device was watched; nothing of those whose readings were imported."""
    keys = [PRESENCE.c.host_id, PRESENCE.c.device_uid]
    keys += [PRESENCE.c.quarter_us] if by_time else []
    measured = func.substr(PRESENCE.c.host_id, 1, len(_IMPORTED)) != _IMPORTED
    query = (
        select(
            *keys,
            func.min(PRESENCE.c.first_us).label("first_us"),
            func.max(PRESENCE.c.last_us).label("last_us"),
            func.sum(PRESENCE.c.observed_us).label("observed_us"),
        )
        .where(*_within(PRESENCE, period), measured)
        .group_by(*keys)
    )
    return [
        Watched(
            row.host_id,
            row.device_uid,
            "",
            row.quarter_us if by_time else None,
            row.first_us,
            row.last_us,
            int(row.observed_us),
        )
        for row in connection.execute(query)
    ]


def places(connection: Connection) -> dict[tuple[str, str], Place]:
    """Every device, by (host, device)."""
    query = select(DEVICES.c.host_id, DEVICES.c.device_uid, DEVICES.c.kind, HOSTS.c.zone).join(
        HOSTS, HOSTS.c.host_id == DEVICES.c.host_id
    )
    return {
        (row.host_id, row.device_uid): Place(row.kind, row.zone)
        for row in connection.execute(query)
    }


def jobs_of(connection: Connection, period: tuple[int, int]) -> dict[str, EffectiveJob]:
    """Jobs with energy in a period, and all that they are part of."""
    query = select(LEDGER.c.job_uid).distinct().where(*_within(LEDGER, period))
    wanted = {row.job_uid for row in connection.execute(query)} - {""}
    found: dict[str, EffectiveJob] = {}
    while wanted:
        fresh = effective_jobs(connection, wanted)
        found |= fresh
        wanted = {job.parent for job in fresh.values() if job.parent} - found.keys()
    return found


def _lines(
    connection: Connection,
    query: Select[Any],
    table: Any,  # noqa: ANN401 - roll-up or ledger
    asked: tuple[Mapping[str, ColumnElement[Any]], tuple[int, int], bool],
) -> list[Line]:
    columns, period, by_time = asked
    keys = [*columns.values(), *([table.c.quarter_us] if by_time else [])]
    query = (
        query.add_columns(
            *(column.label(f"label_{label}") for label, column in columns.items()),
            *([table.c.quarter_us.label("quarter_us")] if by_time else []),
            *exact_sum(table.c.energy_uj, "energy"),
            *exact_sum(table.c.err_sys_uj, "err_sys"),
            *exact_sum(table.c.err_rand_high, "square_high"),
            *exact_sum(table.c.err_rand_low, "square_low"),
        )
        .where(*_within(table, period))
        .group_by(*keys)
    )
    return [
        Line(
            {label: getattr(row, f"label_{label}") for label in columns},
            row.quarter_us if by_time else None,
            joined(row, "energy"),
            joined(row, "err_sys"),
            squares.joined(joined(row, "square_high"), joined(row, "square_low")),
        )
        for row in connection.execute(query)
    ]


def _within(table: Any, period: tuple[int, int]) -> Sequence[ColumnElement[bool]]:  # noqa: ANN401 - any table with quarters
    return (table.c.quarter_us >= period[0], table.c.quarter_us < period[1])


def _labels(job: EffectiveJob | None) -> dict[str, str]:
    if job is None:
        return dict.fromkeys(("model", "variant", "project", "user", "kind"), "")
    return {
        "model": job.model or "",
        "variant": job.variant_label or "",
        "project": job.project or "",
        "user": job.user or "",
        "kind": job.kind,
    }
