"""Checked batches into the ledger, each once: many of them in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from joulebook.wire import Answer, Batch, digest
from joulebook_server.errors import Problem
from joulebook_server.store import descriptions, job_reports, ledger, readings, rollup, streams
from joulebook_server.store.dialect import insert
from joulebook_server.store.engine import Store
from joulebook_server.store.identity import as_one_host
from joulebook_server.store.job_reports import Told
from joulebook_server.store.ledger import Place
from joulebook_server.store.payload import Reading, readings_of
from joulebook_server.store.quarter import Account, Presence, Sum, goes_on, in_order, shares_of
from joulebook_server.store.streams import Taken

if TYPE_CHECKING:
    from joulebook_server.store.rollup import RollupKey

#: Length of window that we ask for, µs.
WINDOW_US = 10_000_000


@dataclass
class _Books:
    """What the fresh batches of one transaction come to.

    Attributes:
        before: What the meters had come to.
        added: By place, what comes on top; its presence is what the meters come to with it.
        anew: Places that must be computed from their readings.
    """

    before: dict[Place, Presence]
    added: dict[Place, Account] = field(default_factory=dict)
    anew: set[Place] = field(default_factory=set)

    def book(self, place: Place, windows: Sequence[Reading]) -> None:
        """Windows of one batch at one place."""
        account = self.added.get(place) or Account(self.before.get(place))
        if place in self.anew or not goes_on(account.presence, windows):
            self.anew.add(place)
            return
        for window in windows:
            account.book(window, shares_of(window))
        if account.presence is not None:
            account.presence.sender, account.presence.seq = in_order(windows)
        self.added[place] = account

    def simply(self) -> dict[Place, Account]:
        """What can be added, and nothing else changes."""
        return {at: account for at, account in self.added.items() if at not in self.anew}


def take(store: Store, batch: Batch, now_us: int) -> Answer:
    """Keep one batch; it is on disk when this returns, and repeating it changes nothing.

    Raises:
        Problem: 409 if another batch came under this number.
    """
    (outcome,) = take_all(store, [batch], now_us)
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def take_all(store: Store, batches: Sequence[Batch], now_us: int) -> list[Answer | Problem]:
    """Keep batches; all of them are on disk when this returns, or none is.

    Returns:
        For each batch its answer, or why it alone was refused.
    """
    with store.writing() as connection:
        return _take(connection, batches, now_us)


def _take(connection: Connection, batches: Sequence[Batch], now_us: int) -> list[Answer | Problem]:
    sent, contents = batches, [digest(batch) for batch in batches]
    batches = [as_one_host(connection, batch) for batch in sent]
    arrived = streams.taken(connection, map(_stream, batches))
    outcomes: list[Answer | Problem] = []
    fresh: dict[int, str] = {}
    for index, (batch, content) in enumerate(zip(batches, contents, strict=True)):
        duplicate = batch.seq in arrived[_stream(batch)]
        if duplicate and _differs(connection, batches, fresh, index, content):
            outcomes.append(_conflict(batch))
            continue
        if not duplicate:
            arrived[_stream(batch)].add(batch.seq)
            fresh[index] = content
        missing = arrived[_stream(batch)].missing_before(batch.seq)
        outcomes.append(Answer(batch.seq, duplicate, missing, WINDOW_US))
    if fresh:
        named = [batches[index] for index in fresh]
        rows = [
            row
            for index, content in fresh.items()
            for row in readings.rows_of_batch(batches[index].host.id, sent[index], content)
        ]
        insert(connection, readings.READINGS, rows)
        _keep(connection, named, now_us)
        _keep_streams(connection, named, arrived, now_us)
    return outcomes


def _stream(batch: Batch) -> streams.Key:
    return batch.host.id, batch.agent.id, batch.agent.epoch


def _differs(
    connection: Connection,
    batches: Sequence[Batch],
    fresh: dict[int, str],
    index: int,
    content: str,
) -> bool:
    """Whether another content came under a number that is known.

    Of a batch whose readings were dropped by now nobody can tell; it counts as the same.
    """
    batch = batches[index]
    same = (one for at, one in fresh.items() if _number(batches[at]) == _number(batch))
    known = next(same, None) or readings.digest_of(connection, batch)
    return known is not None and known != content


def _number(batch: Batch) -> tuple[streams.Key, int]:
    return _stream(batch), batch.seq


def _conflict(batch: Batch) -> Problem:
    return Problem(
        409,
        "Conflicting batch",
        f"batch {batch.seq} of this agent and epoch came before with another content; "
        "send it under a new number or a new epoch",
        "$.seq",
    )


def _keep(connection: Connection, batches: Sequence[Batch], now_us: int) -> None:
    """Bring up to date whatever of the ledger the readings of these batches bear on."""
    components = descriptions.write(connection, batches, now_us)
    told = job_reports.write_reports(connection, batches, now_us)
    books = _booked(connection, batches)
    for batch, uids in zip(batches, told.reparented, strict=True):
        pairs = readings.quarters_of_jobs(connection, batch, uids)
        books.anew |= {(batch.host.id, device, quarter) for device, quarter in pairs}
    added = books.simply()
    ledger.extend(connection, added)
    _roll_up(connection, books, added, told, components)


def _booked(connection: Connection, batches: Sequence[Batch]) -> _Books:
    pieces: list[dict[Place, list[Reading]]] = []
    for batch in batches:
        piece: dict[Place, list[Reading]] = {}
        for window in readings_of(batch, batch.host.id):
            place = (window.host_id, window.device_uid, window.quarter_us)
            piece.setdefault(place, []).append(window)
        pieces.append(piece)
    books = _Books(ledger.presences(connection, {at for piece in pieces for at in piece}))
    for piece in pieces:
        for place, windows in piece.items():
            books.book(place, windows)
    return books


def _roll_up(
    connection: Connection,
    books: _Books,
    added: dict[Place, Account],
    told: Told,
    components: dict[tuple[str, str], str],
) -> None:
    """Recompute what has to be, of whole quarter hours of a host; add to all others."""
    moved = ledger.quarters_of_jobs(connection, told.relabelled)
    anew: dict[str, set[tuple[str, int]]] = {}
    for host_id, device_uid, quarter_us in books.anew:
        anew.setdefault(host_id, set()).add((device_uid, quarter_us))
    for host_id, pairs in sorted(anew.items()):
        ledger.recompute(connection, host_id, pairs)
    fresh = {(host_id, quarter_us) for host_id, _, quarter_us in books.anew}
    rollup.roll_up(connection, moved - fresh)
    sums: dict[tuple[str, int], dict[RollupKey, Sum]] = {}
    for (host_id, device_uid, quarter_us), account in added.items():
        if (host_id, quarter_us) in moved | fresh:
            continue
        at = sums.setdefault((host_id, quarter_us), {})
        component = components[host_id, device_uid]
        for (bucket, job_uid, method, zone), total in account.sums.items():
            key = rollup.key_of(zone, told.jobs.get(job_uid), component, bucket, method)
            at.setdefault(key, Sum()).add(
                total.energy_uj,
                total.observed_us,
                total.err_sys_uj,
                (total.err_rand_high, total.err_rand_low),
            )
    rollup.extend(connection, sums)


def _keep_streams(
    connection: Connection,
    batches: Sequence[Batch],
    arrived: dict[streams.Key, Taken],
    now_us: int,
) -> None:
    newest = {_stream(batch): (batch.agent.role, batch.agent.version, now_us) for batch in batches}
    streams.keep(connection, [(key, arrived[key], told) for key, told in newest.items()])
