"""Waits for what another process does, without a guess at how long it takes."""

import time
from collections.abc import Callable


def until(done: Callable[[], object], within_s: float = 60.0) -> bool:
    """Whether it came to be before the time was up; the time is no part of the fact."""
    end = time.perf_counter() + within_s
    while not done():
        if time.perf_counter() > end:
            return False
        time.sleep(0.05)
    return True
