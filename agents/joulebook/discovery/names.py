"""Names that were given to jobs, on disk: an agent that starts again must not give others."""

import json
import logging
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

log = logging.getLogger("joulebook")

MOST = 4096
_LONGEST = 1024
_MOST_BYTES = 8 << 20


class Names(MutableMapping[str, str]):
    """The names of jobs by what their manager calls them.

    Each is a line of the file when it is given; of too many lines the oldest are left out. What the
    disk refuses is remembered while we run, and told once.

    Args:
        path: The file, of this process alone; its folder is made where it is missing.
        but: Keys that begin so are not written: who is known by them may have been lying.
    """

    def __init__(self, path: Path, but: str | None = None) -> None:
        self._path = path
        self._but = but
        self._failing = False
        self._names = self._read()
        self._lines = len(self._names)

    def __getitem__(self, key: str) -> str:
        """The name that was given."""
        return self._names[key]

    def __iter__(self) -> Iterator[str]:
        """Keys, the oldest first."""
        return iter(self._names)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._names)

    def __delitem__(self, key: str) -> None:
        """Forget one; on disk it stays until the file is written anew."""
        del self._names[key]

    def __setitem__(self, key: str, name: str) -> None:
        """Give a name; it is on disk when this returns, if the disk takes it."""
        if self._names.get(key) == name:
            return
        self._names[key] = name
        if self._passing(key):
            return
        if self._lines >= 2 * MOST:
            self._renew()
        else:
            self._write("a", _line(key, name))
            self._lines += 1

    def _passing(self, key: str) -> bool:
        return self._but is not None and key.startswith(self._but)

    def _read(self) -> dict[str, str]:
        try:
            with self._path.open("rb") as file:
                lines = file.read(_MOST_BYTES).splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._tell(f"cannot read {self._path}: {error.strerror}")
            return {}
        read = [_pair(line) for line in lines]
        names = dict([pair for pair in read if pair is not None][-MOST:])
        if None in read:
            self._tell(f"{read.count(None)} lines of {self._path} cannot be read and are left out")
            self._names = names
            self._renew()
        return names

    def _renew(self) -> None:
        kept = [pair for pair in self._names.items() if not self._passing(pair[0])][-MOST:]
        self._write("w", "".join(_line(*pair) for pair in kept))
        self._lines = len(kept)

    def _write(self, mode: str, text: str) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new") if mode == "w" else self._path
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Path.open takes no opener.
            with open(fresh, mode, encoding="ascii", opener=_private) as file:
                file.write(text)
            if fresh != self._path:
                fresh.replace(self._path)
        except OSError as error:
            if not self._failing:
                self._tell(f"cannot write {self._path}: {error.strerror}")
            self._failing = True
        else:
            self._failing = False

    @staticmethod
    def _tell(what: str) -> None:
        log.warning("joulebook: %s: a job may get another name when the agent starts again", what)


def _private(path: str, flags: int) -> int:
    """It names jobs of all users."""
    return os.open(path, flags, 0o600)


def _line(key: str, name: str) -> str:
    return json.dumps([key, name]) + "\n"


def _pair(line: bytes) -> tuple[str, str] | None:
    """None for what is no such line, such as the last one before a power cut."""
    try:
        key, name = json.loads(line)
    except (ValueError, TypeError, RecursionError):
        return None
    texts = isinstance(key, str) and isinstance(name, str)
    return (key, name) if texts and len(key) + len(name) <= _LONGEST else None
