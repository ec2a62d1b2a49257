"""A recording, played: each question gets the answer that it got then."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from joulebook.errors import Fatal, InvalidInput
from joulebook.metering.tape import ERRORS, FORMAT

#: A line holds what was asked, about what, and the answer; an error is a fourth entry.
_ENTRIES = 3


class Player:
    """Gives the answers of a recording in their order.

    Args:
        lines: The lines of the recording, each with its end.
        name: What it is called, for people.

    Raises:
        InvalidInput: It is not a recording.
    """

    def __init__(self, lines: Iterator[bytes], name: str) -> None:
        self._lines = lines
        self._name = name
        self._upcoming = next(lines, b"")
        self._wrong: InvalidInput | None = None
        #: Number of the line that was taken last, from 1.
        self.number = 0
        line = self._upcoming
        if not line.startswith(json.dumps(list(FORMAT[:1]))[:-1].encode()):
            raise InvalidInput(f"{name} is not a recording of joulebook")
        if self.take()[1][1] != FORMAT[1]:
            raise InvalidInput(f"{name} is a recording of another version of joulebook")

    @property
    def ended(self) -> bool:
        """Whether all was played."""
        return not self._upcoming

    def what(self) -> str:
        """What the next line is about."""
        return str(self._entry()[0])

    def take(self) -> tuple[bytes, list[Any]]:
        """The next line, as it stands and as it is read.

        Raises:
            InvalidInput: There is none, or it is damaged.
        """
        line, entry = self._upcoming, self._entry()
        self.number += 1
        self._upcoming = next(self._lines, b"")
        return line, entry

    def ask(self, what: str, about: object, work: Callable[[], Any]) -> Any:  # noqa: ANN401, ARG002 - JSON
        """The recorded answer.

        Raises:
            InvalidInput: Something else was asked at this place when it was recorded.
            ProbeError: That was the answer.
        """
        entry = self.take()[1]
        if entry[:2] != [what, about]:
            raise self.damaged(f"{_shown(what, about)} is asked, and it tells {_shown(*entry[:2])}")
        if len(entry) > _ENTRIES:
            kind, text = entry[_ENTRIES]
            raise ERRORS.get(kind, Fatal)(text)
        return entry[2]

    def check(self) -> None:
        """Whoever measures goes on after an error of a probe; a damaged recording is none.

        Raises:
            InvalidInput: Something was wrong with a line.
        """
        if self._wrong is not None:
            raise self._wrong

    def damaged(self, why: str) -> InvalidInput:
        """What is wrong with the line that was taken last; the first such error is kept."""
        error = InvalidInput(f"{self._name}, line {self.number}: {why}")
        self._wrong = self._wrong or error
        return self._wrong

    def _entry(self) -> list[Any]:
        line = self._upcoming
        if not line.endswith(b"\n"):
            self.number += bool(line)
            raise self.damaged("the recording was cut short after this" if not line else _CUT)
        try:
            entry = json.loads(line)
        except ValueError:
            entry = None
        if not isinstance(entry, list) or len(entry) < _ENTRIES:
            self.number += 1
            raise self.damaged("this is no line of a recording")
        return entry


_CUT = "the recording was cut short here"


def _shown(what: object, about: object) -> str:
    return str(what) if about is None else f"{what} {about}"
