"""The wall between our faults and the user's code."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

log = logging.getLogger("joulebook")


@contextmanager
def harmless(doing: str) -> Iterator[None]:
    """Log what goes wrong inside and carry on: a user's job never dies of us.

    Args:
        doing: What we were doing, for the log line.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the promise of this module
        _tell(f"{doing} failed: {_told(error)}", error)


class Recurring:
    """`harmless` for what is done again and again: a failure is logged once until it is over.

    Args:
        doing: What we are doing, for the log line.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._failing: str | None = None

    @property
    def problem(self) -> str | None:
        """Why it failed the last time, in a sentence; None where it did not."""
        failing = self._failing  # read once: another thread may be trying
        return None if failing is None else f"{self._doing} fails: {failing}"

    def __enter__(self) -> None:
        """Try once more."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Whether it was a failure that must not go on."""
        if error is not None and not isinstance(error, Exception):
            return False
        failing = None if error is None else _told(error)
        if failing is not None and failing != self._failing:
            _tell(f"{self._doing} failed: {failing}", error)
        elif failing is None and self._failing is not None:
            log.info("joulebook: %s works again", self._doing)
        self._failing = failing
        return error is not None


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _tell(text: str, error: BaseException | None) -> None:
    log.warning("joulebook: %s", text)
    log.debug("joulebook: the whole story", exc_info=error)
