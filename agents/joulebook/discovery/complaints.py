"""What is wrong with the labels of processes, told so that a log can bear it.

Everybody on a host may start processes, each with other wrong labels.
"""

import logging
from collections.abc import Sequence

log = logging.getLogger("joulebook")

#: Lines of a minute at most.
MOST = 20
#: So many looks are a minute.
MINUTE = 60
_REMEMBERED = 4_096


class Complaints:
    """Says each thing once to each user, and no more than so many things a minute."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, str], None] = {}
        self._looks = self._lines = self._unsaid = 0

    def look(self) -> None:
        """Another look begins: once a minute there is room again."""
        self._looks += 1
        if self._looks % MINUTE:
            return
        if self._unsaid:
            log.warning("joulebook: %d more complaints about labels, not shown here", self._unsaid)
        self._lines = self._unsaid = 0

    def say(self, texts: Sequence[str], uid: str, who: str) -> None:
        """Warn of what was left out.

        Args:
            texts: What is wrong.
            uid: The job that it was found at; further ones of the same user are not named.
            who: Whose mistake it is.
        """
        for text in texts:
            if (text, who) in self._said:
                continue
            if self._lines >= MOST:  # it may be said when there is room
                self._unsaid += 1
                continue
            if len(self._said) >= _REMEMBERED:
                del self._said[next(iter(self._said))]
            self._said[text, who] = None
            self._lines += 1
            log.warning("joulebook: job %s: %s; it is left out", uid, text)
