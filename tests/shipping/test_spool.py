import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of

from joulebook.clock import ManualClock
from joulebook.errors import SpoolError
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch, decode


def _append_until_it_fails(spool: Spool, kept: list[int]) -> None:
    while True:
        kept.append(spool.append(batch_of))


def test_numbers_count_up_from_zero(spool: Spool) -> None:
    assert [spool.append(batch_of) for _ in range(3)] == [0, 1, 2]


def test_a_number_is_not_used_again_after_it_was_acknowledged(spool: Spool) -> None:
    spool.acknowledge(spool.append(batch_of))
    assert spool.append(batch_of) == 1


def test_the_builder_is_told_the_agent_and_the_epoch(spool: Spool) -> None:
    spool.append(batch_of)
    agent = decode(spool.pending(1)[0].content).agent
    assert (agent.id, agent.epoch) == (spool.agent_id, spool.epoch)


def test_a_builder_that_fails_leaves_no_trace(spool: Spool) -> None:
    def fail(agent_id: str, epoch: str, seq: int) -> Batch:
        raise LookupError(agent_id, epoch, seq)

    with pytest.raises(LookupError):
        spool.append(fail)
    assert spool.append(batch_of) == 0


def test_a_batch_that_is_no_json_leaves_no_trace(spool: Spool) -> None:
    def with_nan(agent_id: str, epoch: str, seq: int) -> Batch:
        batch = batch_of(agent_id, epoch, seq)
        return replace(batch, meters=replace(batch.meters, utilization=[float("nan")]))

    with pytest.raises(ValueError, match="JSON"):
        spool.append(with_nan)
    assert spool.count() == 0


def test_pending_is_ordered_and_bounded(spool: Spool) -> None:
    for _ in range(5):
        spool.append(batch_of)
    assert [entry.seq for entry in spool.pending(3)] == [0, 1, 2]


def test_an_acknowledged_batch_is_gone(spool: Spool) -> None:
    spool.append(batch_of)
    spool.append(batch_of)
    spool.acknowledge(0)
    assert [entry.seq for entry in spool.pending(9)] == [1]


def test_a_quarantined_batch_is_kept_with_its_reason_but_not_pending(spool: Spool) -> None:
    spool.append(batch_of)
    spool.quarantine(0, "$.meters: bad")
    assert spool.quarantined() == [(0, "$.meters: bad")]
    assert (spool.pending(9), spool.count(), list(spool.entries())) == ([], 0, [])


def test_entries_gives_every_pending_batch_over_many_pages(spool: Spool) -> None:
    for _ in range(205):
        spool.append(batch_of)
    assert [batch.seq for batch in spool.entries()] == list(range(205))


def test_an_open_spool_shows_what_another_one_wrote(path: Path, spool: Spool) -> None:
    spool.append(batch_of)
    other = Spool(path, ManualClock())
    other.append(batch_of)
    other.close()
    assert spool.count() == 2


def test_agent_and_epoch_stay_the_same_when_opened_again(path: Path, spool: Spool) -> None:
    before = spool.agent_id, spool.epoch
    spool.close()
    again = Spool(path, ManualClock())
    assert (again.agent_id, again.epoch) == before
    again.close()


def test_two_spools_have_different_agents_and_epochs(tmp_path: Path) -> None:
    spools = [Spool(tmp_path / name / "spool.db", ManualClock()) for name in "ab"]
    assert len({spool.agent_id for spool in spools} | {spool.epoch for spool in spools}) == 4
    for spool in spools:
        spool.close()


def test_a_split_batch_is_replaced_by_two_under_new_numbers(spool: Spool) -> None:
    spool.append(lambda agent, epoch, seq: batch_of(agent, epoch, seq, windows=5))
    assert spool.split(0)
    assert [(batch.seq, len(batch.meters.device)) for batch in spool.entries()] == [(1, 2), (2, 3)]


def test_a_batch_of_one_window_cannot_be_split_and_stays_as_it_is(spool: Spool) -> None:
    spool.append(batch_of)
    before = spool.pending(9)
    assert not spool.split(0)
    assert (spool.pending(9), spool.quarantined()) == (before, [])


def test_a_full_store_is_one_clear_sentence_and_keeps_what_it_has(path: Path) -> None:
    spool = Spool(path, ManualClock(), max_pages=8)
    kept: list[int] = []
    with pytest.raises(SpoolError, match="is full"):
        _append_until_it_fails(spool, kept)
    assert [entry.seq for entry in spool.pending(1_000)] == kept
    spool.close()


def test_there_is_room_again_once_batches_are_acknowledged(path: Path) -> None:
    spool = Spool(path, ManualClock(), max_pages=8)
    kept: list[int] = []
    with pytest.raises(SpoolError):
        _append_until_it_fails(spool, kept)
    for seq in kept:
        spool.acknowledge(seq)
    assert spool.append(batch_of) == len(kept)
    spool.close()


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    spool = Spool(tmp_path / "file" / "below" / "spool.db", ManualClock())
    with pytest.raises(SpoolError, match=r"cannot use .*Not a directory.*JOULEBOOK_STATE_DIR"):
        spool.append(batch_of)


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE diary (page TEXT)")
    foreign.close()
    with pytest.raises(SpoolError, match="another program"):
        Spool(path, ManualClock()).count()
