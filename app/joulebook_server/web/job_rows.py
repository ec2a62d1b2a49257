"""Jobs as the tables of the pages show them."""

from collections.abc import Sequence
from typing import Any

from joulebook.wire import parse_time
from joulebook_server.services import jobs
from joulebook_server.store.engine import Store


def rows_of(store: Store, uids: Sequence[str]) -> list[dict[str, Any]]:
    """Jobs of the API by uid, in this order."""
    return [jobs.one(store, uid) for uid in uids]


def row_of(job: dict[str, Any], now_us: int) -> dict[str, Any]:
    """A job of the API with its start and length as numbers, µs."""
    started_us = parse_time("started_at", job["started_at"])
    ended_us = parse_time("ended_at", job["ended_at"]) if job["ended_at"] else None
    length_us = max(0, (now_us if ended_us is None else ended_us) - started_us)
    return {**job, "started_us": started_us, "ended_us": ended_us, "length_us": length_us}
