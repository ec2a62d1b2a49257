"""Room in a spool that is full: never-sent batches are merged, the oldest first."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from joulebook.core.joining import MINUTE_US
from joulebook.core.units import QUARTER_US
from joulebook.errors import WireError
from joulebook.shipping.merging import can_merge, merged
from joulebook.shipping.packing import packed, unpacked
from joulebook.shipping.schema import epoch_of
from joulebook.wire import Batch, check, decode, encode

#: Levels, each with the windows that come next, µs, and of how many batches at least: one of many
#: minutes can be joined in itself. The last step puts small batches of quarter hours together.
_STEPS = ((0, MINUTE_US, 2), (1, QUARTER_US, 1), (2, QUARTER_US, 2))
# One merge holds up whoever wants to append, so it is small; a server takes 5,000 windows.
_MOST_BATCHES = 128
_MOST_WINDOWS = 4_000
_MOST_BYTES = 8 << 20
_EVER_US = 2**52  # later than any time that a clock says
# What was tried may be with a server and never changes. The oldest is what is sent next, by a
# process of an older joulebook without a mark. Numbers of another epoch are not ours to change.
_FREE = """SELECT seq, content, holds, kept_us FROM batches
WHERE level = ? AND tried = 0 AND refused IS NULL AND epoch = ? AND kept_us < ?
AND seq > (SELECT MIN(seq) FROM batches WHERE refused IS NULL) ORDER BY seq"""


@dataclass(frozen=True, slots=True)
class _Row:
    """A batch that may be merged, the size of its JSON, and what the file says of it."""

    batch: Batch
    size: int
    holds: int
    kept_us: int


def coarsen(connection: sqlite3.Connection, before_us: int | None = None) -> bool:
    """Merge one run of batches into one, in detail of a minute first, then of a quarter hour.

    The merged batch takes the first one's number, so the order of sending stays; the others'
    numbers never arrive, like that of a batch that was split.

    Args:
        connection: Inside a transaction.
        before_us: Only what was kept before this, µs since the Unix epoch; None for all.

    Returns:
        False where nothing is left that can be merged.
    """
    for level, cell_us, least in _STEPS:
        run, alone = _run(_rows(connection, level, before_us), least)
        whole = merged([row.batch for row in run], cell_us) if run else None
        if whole is not None and _is_good(whole):
            _replace(connection, run, whole, level + 1)
        else:
            alone += run
        # What fits to no neighbour is not looked at again in this step.
        passed = [(level + 1, row.batch.seq) for row in alone]
        connection.executemany("UPDATE batches SET level = ? WHERE seq = ?", passed)
        if run:
            return True
    return False


def _rows(connection: sqlite3.Connection, level: int, before_us: int | None) -> Iterator[_Row]:
    """What may be merged.

    Bytes that were damaged stay as they are, for who reads them to tell, and what contradicts
    itself, for the server to refuse: neither spoils a merge of its neighbours.
    """
    before, epoch = _EVER_US if before_us is None else before_us, epoch_of(connection)
    for seq, kept, holds, kept_us in connection.execute(_FREE, (level, epoch, before)):
        try:
            content = unpacked(kept)
            batch = decode(content)
        except (ValueError, KeyError, TypeError):
            continue
        if (batch.seq, batch.agent.epoch) == (seq, epoch) and _is_good(batch):
            yield _Row(batch, len(content), holds, kept_us)


def _run(rows: Iterator[_Row], least: int) -> tuple[list[_Row], list[_Row]]:
    """The first rows that can become one, and those before them that fit to no neighbour."""
    run: list[_Row] = []
    alone: list[_Row] = []
    for row in rows:
        if not run or _fits(run, row):
            run.append(row)
        elif len(run) >= least:
            break
        else:
            alone += run
            run = [row]
        if len(run) == _MOST_BATCHES:
            break
    return (run if len(run) >= least else []), alone


def _fits(run: Sequence[_Row], row: _Row) -> bool:
    several = (*run, row)
    return (
        sum(one.size for one in several) <= _MOST_BYTES
        and sum(len(one.batch.meters.device) for one in several) <= _MOST_WINDOWS
        and can_merge(run[-1].batch, row.batch)
    )


def _is_good(batch: Batch) -> bool:
    """Whether a server would take it: good batches never give way to one that it refuses."""
    try:
        check(batch, _EVER_US)
    except (WireError, ValueError, KeyError, IndexError, TypeError):
        return False
    return True


def _replace(connection: sqlite3.Connection, run: Sequence[_Row], whole: Batch, level: int) -> None:
    numbers = [(row.batch.seq,) for row in run]
    connection.executemany("DELETE FROM batches WHERE seq = ?", numbers)
    connection.execute(
        "INSERT INTO batches (seq, epoch, content, level, holds, kept_us) VALUES (?,?,?,?,?,?)",
        (
            whole.seq,
            whole.agent.epoch,
            packed(encode(whole)),
            level,
            sum(row.holds for row in run),
            max(row.kept_us for row in run),
        ),
    )
