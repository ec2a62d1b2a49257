"""The id of the agent that a spool belongs to, in a small file beside it."""

import contextlib
import os
import uuid
from pathlib import Path

from joulebook.errors import SpoolError


def agent_id(spool: Path) -> str:
    """Read the id; the first of several processes that ask at once makes it.

    It lies outside the database so that it survives a damaged one: a job's work counts once
    per reporter, and a reporter with a new name would count it twice.

    Raises:
        SpoolError: It can be neither read nor written.
    """
    path = spool.with_name(f"{spool.name}.agent")
    try:
        return _read(path) or _make(path)
    except OSError as error:
        raise SpoolError(
            f"cannot use {path}: {error.strerror}; set state_dir (JOULEBOOK_STATE_DIR) "
            "to a folder that can be written"
        ) from error


def _read(path: Path) -> str | None:
    """The id; None where there is none, or no whole one after a power loss."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        return str(uuid.UUID(path.read_text(encoding="ascii")))
    return None


def _make(path: Path) -> str:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = str(uuid.uuid4())
    own = path.with_name(f"{path.name}.{made}")
    with own.open("w", encoding="ascii") as file:
        file.write(made)
        file.flush()
        os.fsync(file.fileno())
    try:
        return _publish(own, path, made)
    finally:
        own.unlink(missing_ok=True)


def _publish(own: Path, path: Path, made: str) -> str:
    """Whoever links first names the agent; a file without a whole id is replaced."""
    try:
        os.link(own, path)
    except FileExistsError:
        other = _read(path)
        if other is not None:
            return other
        own.replace(path)
    return made
