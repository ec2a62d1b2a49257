"""Waits until the server has what was measured: an agent sends behind the experiment's back."""

import time
from collections.abc import Sequence

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook_demo.ledger import LedgerError, get, path_of

#: The longest that a batch may be on its way, s.
ARRIVE_S = 30.0
LOOK_S = 0.2


def await_jobs(server: str, uids: Sequence[str], clock: Clock, within_s: float = ARRIVE_S) -> bool:
    """Wait until every job has ended on the server; False if one has not by then.

    The batch that tells the end of a job is the last one with energy of it.
    """
    end_us = clock.monotonic_us() + int(within_s * US_PER_S)
    waiting = list(uids)
    while waiting := [uid for uid in waiting if not _ended(server, uid)]:
        if clock.monotonic_us() >= end_us:
            return False
        time.sleep(LOOK_S)
    return True


def _ended(server: str, uid: str) -> bool:
    try:
        return get(server, path_of(uid)).get("ended_at") is not None
    except LedgerError:
        return False  # not heard of yet
