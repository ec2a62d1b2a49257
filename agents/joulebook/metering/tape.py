"""A recorded stream: what was asked, what was answered, and what came of it, one line each.

A line is a JSON array: what was asked or done, about what, and the answer; an error of a probe is
a fourth entry, its kind and text. The first line names the format.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from joulebook.errors import Fatal, Gone, InvalidInput, ProbeError, Retry
from joulebook.metering.guard import log
from joulebook.version import VERSION

#: The first line's first entry, and the version of the format.
FORMAT = ("joulebook recording", 1)

#: Kinds of error in a recording.
ERRORS: dict[str, type[ProbeError]] = {one.__name__: one for one in (Retry, Gone, Fatal)}


def line_of(*entry: object) -> bytes:
    """One line of a recording: equal entries give equal bytes."""
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


class Tape(Protocol):
    """What stands between the measuring and the world."""

    def ask(self, what: str, about: object, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        """An answer that is plain JSON.

        Args:
            what: What is asked.
            about: About what.
            work: Asks the world; a replay does not call it.

        Raises:
            ProbeError: The answer was one.
        """
        ...


class Recorder:
    """Writes a recording. If that fails, it ends with a warning, and the measuring goes on.

    Args:
        path: A file that is not there yet.

    Raises:
        InvalidInput: It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InvalidInput(f"cannot record into {path}: {error.strerror}") from error
        self._path = path
        self._file = os.fdopen(descriptor, "wb")
        self.note(*FORMAT, VERSION)
        self.flush()

    def ask(self, what: str, about: object, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        """Ask, and note the answer."""
        try:
            answer = work()
        except ProbeError as error:
            kind = next(name for name, one in ERRORS.items() if isinstance(error, one))
            self.note(what, about, None, [kind, str(error)])
            raise
        self.note(what, about, answer)
        return answer

    def note(self, *entry: object) -> None:
        """Write one line."""
        if not self._file.closed:
            self._try(lambda: self._file.write(line_of(*entry)))

    def flush(self) -> None:
        """What was noted so far is in the file when this returns."""
        if not self._file.closed:
            self._try(self._file.flush)

    def close(self) -> None:
        """End the recording; what is noted from here on is left out."""
        if not self._file.closed:
            self._try(self._file.close)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except (OSError, TypeError, ValueError) as error:  # full, or no plain JSON
            log.warning("joulebook: the recording %s ends here: %s", self._path, error)
            self._abandon()

    def _abandon(self) -> None:
        try:
            self._file.close()
        except OSError:
            return  # what could not be written was told already
