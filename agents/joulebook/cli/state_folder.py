"""The folder where measurements wait: can it be used, and what lies in it?"""

import os
import tempfile
from pathlib import Path

from joulebook.errors import SpoolError

_WHAT_TO_DO = "set state_dir (JOULEBOOK_STATE_DIR) to a folder that can be read and written"
_COMPANIONS = ("-wal", "-shm")


def files_in(folder: Path) -> set[str]:
    """Names in the folder; none where it is not there yet.

    Raises:
        SpoolError: It cannot be read, or is no folder.
    """
    try:
        return {one.name for one in folder.iterdir()}
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise SpoolError(_unusable(folder, "read", error)) from error


def damaged_beside(ledger: Path) -> list[str]:
    """Paths of the damaged files that were moved aside in favour of this ledger.

    Raises:
        SpoolError: The folder cannot be read.
    """
    names = (name for name in files_in(ledger.parent) if name.startswith(f"{ledger.name}.damaged-"))
    return sorted(str(ledger.parent / name) for name in names if not name.endswith(_COMPANIONS))


def folder_problem(folder: Path) -> str | None:
    """Why nothing can be kept in the folder; None where it can, or where it can be made.

    Writing is tried with a file that has no name, so nothing is left behind.
    """
    try:
        files_in(folder)
        with tempfile.TemporaryFile(dir=_nearest(folder)):
            return None
    except SpoolError as error:
        return str(error)
    except OSError as error:
        return _unusable(folder, "write", error)


def _nearest(folder: Path) -> Path:
    """The folder, else the one above it in which it would be made."""
    there = (one for one in (folder, *folder.parents) if os.path.lexists(one))
    return next(there, folder)


def _unusable(folder: Path, verb: str, error: OSError) -> str:
    return f"cannot {verb} the state folder {folder}: {error.strerror}; {_WHAT_TO_DO}"
