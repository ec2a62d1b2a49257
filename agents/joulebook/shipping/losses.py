"""Refused batches that had to give way to others, and the account of what was lost with them."""

import contextlib
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from typing import Any

from joulebook.core.units import format_energy
from joulebook.shipping.packing import unpacked
from joulebook.wire import Batch, decode, format_time

_AT_ONCE_BYTES = 64 << 10  # of refused batches: an append waits for it
_LAST_US = 2**57  # no year behind it can be written
#: A line for every epoch, so that what is told stays short however much was refused.
TABLE = """CREATE TABLE IF NOT EXISTS losses (epoch TEXT NOT NULL, batches INTEGER NOT NULL,
first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL, unread INTEGER NOT NULL,
energy_uj INTEGER NOT NULL, start_us INTEGER, end_us INTEGER)"""
_OLDEST = "SELECT epoch, seq, content FROM batches WHERE refused IS NOT NULL ORDER BY seq"


@dataclass(frozen=True, slots=True)
class Loss:
    """Refused batches of one epoch that are gone.

    Attributes:
        epoch: The epoch.
        batches: How many.
        first_seq, last_seq: Lowest and highest of their numbers.
        unread: How many of them could not be read, so that their energy is not known.
        energy_uj: What the others told, of devices that add up, µJ.
        start_us, end_us: From their first window to their last, µs since the Unix epoch; None
            where they had none.
    """

    epoch: str
    batches: int
    first_seq: int
    last_seq: int
    unread: int
    energy_uj: int
    start_us: int | None
    end_us: int | None

    def __str__(self) -> str:
        """In words."""
        which = f"{self.batches} refused batches, of numbers {self.first_seq} to {self.last_seq}"
        if self.batches == 1:
            which = f"a refused batch, number {self.first_seq}"
        told = [f"{format_energy(self.energy_uj)}{self._period()}"] if self._is_read() else []
        told += [f"what {self.unread} of them held could not be read"] if self.unread else []
        return (
            f"dropped to make room: {which} in epoch {self.epoch}; "
            f"lost, and on no server: {'; '.join(told)}"
        )

    def _is_read(self) -> bool:
        return self.unread < self.batches

    def _period(self) -> str:
        if self.start_us is None or self.end_us is None:
            return ""
        return f" from {format_time(self.start_us)} to {format_time(self.end_us)}"


def drop_refused(connection: sqlite3.Connection) -> bool:
    """Let go of some refused batches, the oldest first, and write down what they were.

    Returns:
        False where none is refused.
    """
    gone: list[int] = []
    size = 0
    with contextlib.closing(connection.execute(_OLDEST)) as refused:
        while size < _AT_ONCE_BYTES and (row := refused.fetchone()):
            _add(connection, _loss(*row))
            gone.append(row[1])
            size += len(row[2])
    connection.executemany("DELETE FROM batches WHERE seq = ?", [(seq,) for seq in gone])
    return bool(gone)


def losses(connection: sqlite3.Connection) -> list[Loss]:
    """All that was ever dropped here, in the order in which it began."""
    columns = ", ".join(column.name for column in fields(Loss))
    query = f"SELECT {columns} FROM losses ORDER BY rowid"  # noqa: S608 - our own columns
    return [Loss(*row) for row in connection.execute(query)]


def take_over(connection: sqlite3.Connection, found: Iterable[Mapping[str, Any]]) -> bool:
    """Go on with the account of a damaged file, as far as it makes sense; False for none."""
    for row in found:
        try:
            loss = Loss(**row)
            sane = bool(str(loss)) and 0 <= loss.unread <= loss.batches
            uuid.UUID(loss.epoch)
        except (TypeError, ValueError, AttributeError, OverflowError):
            continue
        if sane:
            _add(connection, loss)
    return bool(losses(connection))


def _add(connection: sqlite3.Connection, loss: Loss) -> None:
    known = next((one for one in losses(connection) if one.epoch == loss.epoch), None)
    whole = loss if known is None else _sum(known, loss)
    connection.execute("DELETE FROM losses WHERE epoch = ?", (loss.epoch,))
    marks = ", ".join("?" * len(fields(Loss)))
    connection.execute(f"INSERT INTO losses VALUES ({marks})", astuple(whole))  # noqa: S608 - marks


def _sum(one: Loss, other: Loss) -> Loss:
    starts = [us for us in (one.start_us, other.start_us) if us is not None]
    ends = [us for us in (one.end_us, other.end_us) if us is not None]
    return Loss(
        epoch=one.epoch,
        batches=one.batches + other.batches,
        first_seq=min(one.first_seq, other.first_seq),
        last_seq=max(one.last_seq, other.last_seq),
        unread=one.unread + other.unread,
        energy_uj=one.energy_uj + other.energy_uj,
        start_us=min(starts, default=None),
        end_us=max(ends, default=None),
    )


def _loss(epoch: str, seq: int, kept: bytes) -> Loss:
    """One batch; what its server refused may contradict itself."""
    try:
        batch = decode(unpacked(kept))
        energy_uj = _energy_uj(batch)
        start_us = min(batch.meters.start_us, default=None)
        end_us = max(batch.meters.end_us, default=None)
        sane = 0 <= (start_us or 0) <= (end_us or 0) < _LAST_US
    except (ValueError, KeyError, TypeError, AttributeError):
        sane = False
    if not sane:
        return Loss(epoch, 1, seq, seq, 1, 0, None, None)
    return Loss(epoch, 1, seq, seq, 0, energy_uj, start_us, end_us)


def _energy_uj(batch: Batch) -> int:
    """Of devices that add up; a meter around others counts where there is nothing else."""
    additive = {device.ref: device.additive for device in batch.devices}
    meters = list(zip(batch.meters.device, batch.meters.energy_uj, strict=True))
    summed = [energy_uj for ref, energy_uj in meters if additive[ref]]
    return sum(summed or [energy_uj for _, energy_uj in meters])
