"""What the environment of a process says of its job."""

import os
from collections.abc import Callable, Mapping

from joulebook.settings.records import Labels
from joulebook.settings.values import LABEL_READERS
from joulebook.wire.rules import MAX_TEXT

_OURS = "JOULEBOOK_"
_SLURM = (
    *("JOB_ID", "JOB_SLUID", "CLUSTER_NAME", "ARRAY_TASK_ID", "HET_JOB_ID", "JOB_NAME"),
    *("JOB_ACCOUNT", "JOB_UID", "JOB_GPUS", "STEP_GPUS", "ARRAY_JOB_ID"),
)
_WANTED = frozenset(
    [f"{_OURS}{key.upper()}".encode() for key in LABEL_READERS]
    + [f"SLURM_{key}".encode() for key in _SLURM]
)
_PAGE = 4096
#: Bytes that are read of one environment: the kernel allows more, and whoever starts processes by
#: the thousand could make us read megabytes of each. One variable has as many at most (execve(2)).
_MOST = 1 << 17

#: Variables by name. None in its place: they may not be read, which is not the same as none.
Variables = Mapping[str, str]


def variables(procfs: str, pid: int) -> Variables | None:
    """The few variables that matter, as the process was started with them (proc(5)).

    What a program sets later shows in its children alone, and an empty one counts as not set.

    Args:
        procfs: Where procfs is mounted.
        pid: The process.

    Returns:
        None where it is another user's and the kernel refuses (it takes ``CAP_SYS_PTRACE``), or
        the process left.
    """
    content = _read(f"{procfs}/{pid}/environ")
    if content is None:
        return None
    if b"JOULEBOOK_" not in content and b"SLURM_" not in content:  # most processes of a host
        return {}
    found: dict[str, str] = {}
    for entry in content.split(b"\0"):
        name, _, text = entry.partition(b"=")
        if name in _WANTED and text:  # of two with one name, programs see the first
            found.setdefault(name.decode(), text.decode(errors="surrogateescape"))
    return found


def variable(key: str) -> str:
    """The variable of a label."""
    return f"{_OURS}{key.upper()}"


def labels(
    told: Mapping[str, str],
    complain: Callable[[str], None],
    name_of: Callable[[str], str] = variable,
) -> Labels:
    """The labels of ours, read as settings are; one that cannot be read is left out.

    Args:
        told: Texts by name.
        complain: Is handed what was left out and what is accepted.
        name_of: The name of a label there.
    """
    found: dict[str, str] = {}
    for key, read in LABEL_READERS.items():
        name = name_of(key)
        if not told.get(name):
            continue
        try:
            found[key] = str(read(told[name]))
        except ValueError as error:
            complain(f"{name} {error}, not {told[name]!r:.80}")
    return Labels(**found)


def text(told: Variables, name: str) -> str | None:
    """A variable of others, as far as the wire carries it; None where it is not set."""
    raw = told.get(name)
    if raw is None:
        return None
    return raw.encode(errors="surrogateescape").decode(errors="replace")[:MAX_TEXT]


def _read(path: str) -> bytes | None:
    """The file as far as `_MOST`, without a variable that is cut there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        content = os.read(descriptor, _PAGE)
        if len(content) < _PAGE:  # the kernel fills the buffer where there is more
            return content
        return _rest(descriptor, content)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _rest(descriptor: int, start: bytes) -> bytes:
    pieces, size = [start], len(start)
    while size < _MOST and (piece := os.read(descriptor, _MOST - size)):
        pieces.append(piece)
        size += len(piece)
    content = b"".join(pieces)
    return content if size < _MOST else content[: content.rfind(b"\0") + 1]
