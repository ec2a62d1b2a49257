"""What a server may have, or another file named, keeps its bytes however full the spool is."""

import shutil
import sqlite3
from pathlib import Path

from tests.shipping.batches import batch_of
from tests.shipping.measured import append, expected, totals, turn_of, windows
from tests.shipping.small import Open, bounded

from joulebook.errors import Unreachable
from joulebook.shipping.http import MemorySender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Entry
from joulebook.wire import Answer, decode, encode


def test_what_may_be_with_a_server_keeps_its_bytes(opened: Open) -> None:
    spool = opened(bounded())
    append(spool, range(20))
    tried = spool.pending(10)
    append(spool, range(20, 300))
    assert spool.pending(10) == tried
    assert spool.held().merged
    assert totals(spool.entries()) == expected(range(300))


def test_the_oldest_keeps_its_bytes_even_without_a_mark(opened: Open) -> None:
    """A process of an older joulebook sends it without one."""
    spool = opened(bounded())
    append(spool, [0])
    first = next(spool.entries())
    append(spool, range(1, 300))
    assert next(spool.entries()) == first


def test_acknowledgements_that_were_lost_cost_no_joule_and_count_none_twice(opened: Open) -> None:
    """The server commits, and its answers never come, until the spool was full and merged."""
    spool, server = opened(bounded()), _Swallowing()
    for turn in range(400):
        append(spool, [turn])
        ship(spool, server)
    server.heals()
    ship(spool, server)
    assert spool.count() == 0
    assert totals(decode(one) for one in server.taken.values()) == expected(range(400))


class _Swallowing(MemorySender):
    """A server behind a proxy that swallows every answer until it heals."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: dict[int, bytes] = {}
        self._heard = True

    def heals(self) -> None:
        self._heard = False

    def send(self, content: bytes) -> Answer:
        seq = decode(content).seq
        assert self.taken.setdefault(seq, content) == content  # else the server says 409
        if self._heard:
            raise Unreachable("the answer was swallowed")
        return super().send(content)


def test_a_restored_copy_never_merges_what_may_have_been_sent_since(
    opened: Open, path: Path
) -> None:
    spool = opened(bounded(1 << 30))
    append(spool, range(50))
    spool.close()
    shutil.copy(path, path.with_name("backup"))
    path.unlink()
    path.with_name("blocker").write_text("takes the freed inode")
    path.with_name("backup").rename(path)
    spool = opened(bounded())
    before = spool.pending(50)
    append(spool, range(50, 300))
    assert spool.held().merged
    assert spool.pending(50) == before


def test_batches_that_were_brought_are_never_merged(opened: Open) -> None:
    spool = opened(bounded())
    brought = [
        Entry(2**52 + at, "theirs", encode(batch_of("somebody", "theirs", 2**52 + at)))
        for at in range(5)
    ]
    spool.adopt(brought)
    append(spool, range(300))
    assert spool.pending(999)[-5:] == brought


def test_halves_of_what_was_too_large_are_not_merged_again(opened: Open) -> None:
    spool = opened(bounded())
    append(spool, [0])
    whole = spool.append(turn_of(1, windows=4))
    assert spool.split(whole)
    append(spool, range(8, 300))
    numbers = {batch.seq: windows([batch]) for batch in spool.entries()}
    assert (numbers[whole + 1], numbers[whole + 2]) == (4, 4)


def test_bytes_that_the_disk_did_not_keep_are_put_aside_and_the_rest_goes_on(
    opened: Open, path: Path
) -> None:
    spool = opened(bounded())
    append(spool, range(3))
    with sqlite3.connect(path) as raw:
        raw.execute("UPDATE batches SET content = x'7801ff00' WHERE seq = 1")
    raw.close()
    assert [batch.seq for batch in spool.entries()] == [0, 2]
    assert spool.quarantined() == [(1, "its bytes were damaged on the disk")]
    append(spool, range(3, 300))
    assert totals(spool.entries()) == expected([0, *range(2, 300)])
