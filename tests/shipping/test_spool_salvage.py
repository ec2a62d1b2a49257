"""What a damaged file still holds goes on, byte for byte; what it lost is named."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shipping.batches import batch_of
from tests.shipping.damaged import PAGE, filled, notices, reopened, scribble

from joulebook.clock import ManualClock
from joulebook.shipping.spool import Spool


def leaves_of(path: Path) -> list[int]:
    """Pages that hold rows of batches: the file is read as its format says (1.6)."""
    content = path.read_bytes()
    kinds = [content[at] for at in range(0, len(content), PAGE)]
    return [page for page, kind in enumerate(kinds, 1) if kind == 13 and page > 4]


def test_with_its_head_gone_every_batch_survives_unchanged(path: Path) -> None:
    before = filled(path)
    scribble(path, 1)
    after, said = reopened(path)
    assert after == before
    assert "60 batches were read of it and wait under their old numbers" in said


def test_with_a_page_of_batches_gone_the_others_survive_and_the_lost_are_named(path: Path) -> None:
    before = filled(path)
    scribble(path, leaves_of(path)[2])
    after, said = reopened(path)
    lost = sorted({one.seq for one in before} - {one.seq for one in after})
    assert after == [one for one in before if one.seq not in lost]
    assert 0 < len(lost) < 20
    assert f"not readable: {lost[0]} to {lost[-1]}: what of these was not sent" in said


def test_with_the_last_page_gone_what_follows_is_named(path: Path) -> None:
    before = filled(path)
    scribble(path, leaves_of(path)[-1])
    after, said = reopened(path)
    assert after == before[: len(after)]
    assert f"not readable: {len(after)} to 59" in said


def test_a_batch_over_many_pages_of_which_one_is_gone_is_lost_alone(path: Path) -> None:
    before = filled(path, 6, windows=900)
    content = path.read_bytes()
    kinds = {at // PAGE + 1: content[at] for at in range(0, len(content), PAGE)}
    overflow = [page for page, kind in kinds.items() if kind == 0 and page > 4]
    scribble(path, overflow[len(overflow) // 2])
    damage_the_tree(path)
    after, said = reopened(path)
    assert len(after) == 5
    (lost,) = {one.seq for one in before} - {one.seq for one in after}
    assert f"not readable: {lost}: " in said


def damage_the_tree(path: Path) -> None:
    """The table of the numbers, so that the damage is found at the next opening."""
    scribble(path, 2)


def test_a_file_cut_short_gives_what_its_first_part_holds(path: Path) -> None:
    before = filled(path)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // PAGE // 2 * PAGE)
    after, said = reopened(path)
    assert 0 < len(after) < 60
    assert set(after) <= set(before)
    assert "not readable: " in said


def test_a_file_of_which_nothing_is_left_is_said_to_be_lost(path: Path) -> None:
    filled(path)
    path.write_bytes(b"no database" * 3_000)
    assert reopened(path)[0] == []
    assert "nothing could be read of it" in notices(path)[0]


_HIT = st.tuples(st.integers(0, 10**9), st.integers(1, 3 * PAGE), st.sampled_from(b"\xa5\0\xff7"))


@settings(max_examples=40, derandomize=True)
@given(st.lists(_HIT, min_size=1, max_size=4))
def test_whatever_is_damaged_nothing_wrong_comes_out(
    tmp_path_factory: pytest.TempPathFactory, hits: list[tuple[int, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "spool.db"
    before = filled(path, 40, windows=3)
    content = bytearray(path.read_bytes())
    for at, length, byte in hits:
        start = at % len(content)
        content[start : start + length] = bytes([byte]) * len(content[start : start + length])
    path.write_bytes(content)
    spool = Spool(path, ManualClock())
    after = spool.pending(99)
    seq = spool.append(batch_of)
    spool.close()
    assert set(after) <= set(before)
    assert seq not in {entry.seq for entry in after}
