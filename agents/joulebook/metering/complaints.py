"""Complaints that come again with every window, and are logged once."""

from joulebook.metering.guard import log


class Complaints:
    """Logs a complaint once; again only after a whole stretch in which it was not heard."""

    def __init__(self) -> None:
        self._before: set[str] = set()
        self._now: set[str] = set()

    def restart(self) -> None:
        """A new stretch begins: what is not heard in it is over."""
        self._before, self._now = self._now, set()

    def hear(self, problem: object) -> None:
        """Log it, unless that was done."""
        text = str(problem)
        if text not in self._before | self._now:
            log.warning("joulebook: %s", text)
        self._now.add(text)
