"""The wall between our faults and the user's code."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger("joulebook")


@contextmanager
def harmless(doing: str) -> Iterator[None]:
    """Log what goes wrong inside and carry on: a user's job never dies of us.

    Args:
        doing: What we were doing, for the log line.
    """
    try:
        yield
    except Exception as error:  # the promise of this module: nothing of ours reaches the user
        log.warning("joulebook: %s failed: %s: %s", doing, type(error).__name__, error)
        log.debug("joulebook: the whole story", exc_info=True)
