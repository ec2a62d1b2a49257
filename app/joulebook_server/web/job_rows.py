"""Jobs as the tables of the pages show them."""

from collections.abc import Sequence
from typing import Any

from joulebook.core.units import US_PER_S
from joulebook.wire import parse_time
from joulebook_server.services import jobs
from joulebook_server.store.engine import Store

#: A job without an end that was not measured for so long is not said to run, µs.
SILENT_US = 180 * US_PER_S


def rows_of(store: Store, uids: Sequence[str]) -> list[dict[str, Any]]:
    """Jobs of the API by uid, in this order."""
    return [jobs.one(store, uid) for uid in uids]


def row_of(job: dict[str, Any], now_us: int) -> dict[str, Any]:
    """A job of the API with its times as numbers, µs, and whether it runs as far as we know."""
    started_us = parse_time("started_at", job["started_at"])
    ended_us = parse_time("ended_at", job["ended_at"]) if job["ended_at"] else None
    seen_us = parse_time("last_seen", job["last_seen"])
    runs = ended_us is None and now_us - seen_us <= SILENT_US
    end_us = (now_us if runs else seen_us) if ended_us is None else ended_us
    return {
        **job,
        "started_us": started_us,
        "ended_us": ended_us,
        "seen_us": seen_us,
        "runs": runs,
        "length_us": max(0, end_us - started_us),
    }
