"""Readings: what batches measured, as it came, by quarter hour."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Connection, Row, select

from joulebook.wire import Batch
from joulebook_server.store.payload import Reading, cut, pack, windows
from joulebook_server.store.tables import ReadingRow, table_of

READINGS = table_of(ReadingRow)

#: The quarter hour of a batch without windows.
NONE_US = 0


def digest_of(connection: Connection, batch: Batch) -> str | None:
    """Digest of the batch that came under this number; None if it is not held any more."""
    query = (
        select(READINGS.c.digest)
        .where(
            READINGS.c.host_id == batch.host.id,
            READINGS.c.agent_id == batch.agent.id,
            READINGS.c.epoch == batch.agent.epoch,
            READINGS.c.seq == batch.seq,
        )
        .limit(1)
    )
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def rows_of_batch(host_id: str, batch: Batch, content: str) -> list[dict[str, object]]:
    """The rows that keep a batch.

    Args:
        host_id: Id of its host here.
        batch: The batch as it was sent.
        content: Its digest.
    """
    pieces = cut(batch) or {NONE_US: batch}
    return [
        {
            "host_id": host_id,
            "quarter_us": quarter_us,
            "agent_id": batch.agent.id,
            "epoch": batch.agent.epoch,
            "seq": batch.seq,
            "boot_id": batch.host.boot_id,
            "digest": content,
            "payload": pack(piece),
        }
        for quarter_us, piece in pieces.items()
    ]


def of_quarters(
    connection: Connection, host_id: str, quarters: Collection[int]
) -> dict[tuple[str, int], list[Reading]]:
    """All windows of a host in some quarter hours, by (device uid, quarter hour)."""
    found: dict[tuple[str, int], list[Reading]] = {}
    for quarter_us in sorted(quarters):
        query = select(READINGS.c.host_id, READINGS.c.payload).where(
            READINGS.c.host_id == host_id, READINGS.c.quarter_us == quarter_us
        )
        for row in connection.execute(query):
            for window in windows(row):
                found.setdefault((window.device_uid, quarter_us), []).append(window)
    return found


def of_period(connection: Connection, host_id: str, from_us: int, to_us: int) -> list[Reading]:
    """All windows of a host whose quarter hour starts within ``[from, to)``."""
    query = select(READINGS.c.host_id, READINGS.c.payload).where(
        READINGS.c.host_id == host_id,
        READINGS.c.quarter_us >= from_us,
        READINGS.c.quarter_us < to_us,
    )
    return of_rows(connection.execute(query))


def quarters_of_jobs(
    connection: Connection, batch: Batch, uids: Collection[str]
) -> set[tuple[str, int]]:
    """(device uid, quarter hour) pairs in which this batch's reporter booked these jobs."""
    if not uids:
        return set()
    query = select(READINGS.c.host_id, READINGS.c.payload).where(
        READINGS.c.host_id == batch.host.id, READINGS.c.agent_id == batch.agent.id
    )
    return {
        (window.device_uid, window.quarter_us)
        for row in connection.execute(query)
        for window in windows(row)
        if any(part.job_uid in uids for part in window.parts)
    }


def of_rows(rows: Iterable[Row[Any]]) -> list[Reading]:
    """The windows of some rows."""
    return [window for row in rows for window in windows(row)]


def by_device(found: Iterable[Reading]) -> dict[str, list[Reading]]:
    """Windows by device, in order of time."""
    sorted_ones: dict[str, list[Reading]] = {}
    for window in sorted(found, key=lambda one: (one.start_us, one.key)):
        sorted_ones.setdefault(window.device_uid, []).append(window)
    return sorted_ones
