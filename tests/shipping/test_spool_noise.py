"""Noise on a disk can look like numbers: no batch is hidden by them, and no loss without a name."""

import random
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shipping.damaged import PAGE, filled

from joulebook.clock import ManualClock
from joulebook.shipping.spool import Entry, Spool


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Entry]]:
    """A good file and what it holds."""
    path = tmp_path_factory.mktemp("whole") / "spool.db"
    return path, filled(path, 80, windows=2)


def named(notices: Iterable[str], known: set[int]) -> set[int]:
    """Which of the known batches are called lost."""
    said = " ".join(notices)
    if "nothing could be read of it" in said:
        return known
    lost: set[int] = set()
    for text in re.findall(r"not readable: (.+?): what of these", said):
        for stretch in text.replace(" and what follows", f" to {max(known)}").split(", "):
            first, _, last = stretch.partition(" to ")
            lost |= set(range(int(first), int(last or first) + 1))
    return lost & known


_LEAF = 13  # how a page with rows begins
_STRETCH = st.tuples(st.integers(0, 10**9), st.integers(1, 3 * PAGE), st.integers(0, 10**6))


@settings(max_examples=60, derandomize=True)
@given(st.lists(_STRETCH, min_size=1, max_size=2))
def test_every_batch_is_there_unchanged_or_named_as_lost(
    tmp_path_factory: pytest.TempPathFactory,
    whole: tuple[Path, list[Entry]],
    stretches: list[tuple[int, int, int]],
) -> None:
    path = tmp_path_factory.mktemp("noise") / "spool.db"
    shutil.copy(whole[0], path)
    content = bytearray(path.read_bytes())
    for at, length, seed in stretches:
        start = at % len(content)
        there = len(content[start : start + length])
        noise = random.Random(seed).randbytes(there)  # noqa: S311 - guards nothing
        content[start : start + there] = noise
    path.write_bytes(content)
    before = {entry.seq: entry for entry in whole[1]}
    spool = Spool(path, ManualClock())
    after = {entry.seq: entry for entry in spool.pending(999)}
    aside = {seq for seq, _ in spool.quarantined()}
    lost = named(spool.held().notices, set(before)) | aside
    spool.close()
    assert after.items() <= before.items()
    assert set(after) | lost == set(before)
    assert not set(after) & lost


def varint(number: int) -> bytes:
    """As SQLite writes a number below 2^56 (file format, 1.6)."""
    groups = [number >> shift & 0x7F for shift in range(49, -1, -7)]
    while len(groups) > 1 and not groups[0]:
        del groups[0]
    return bytes(0x80 | group for group in groups[:-1]) + bytes([groups[-1]])


@pytest.mark.parametrize("seq", [0, 8, 50, 59, 63])
def test_a_batch_whose_number_became_another_hides_none(path: Path, seq: int) -> None:
    """Its neighbours are there, and it is named, whichever number its place shows now."""
    before = filled(path)
    content = path.read_bytes()
    epoch = before[0].epoch.encode()
    at = _cell_of(content, epoch, 20)
    path.write_bytes(content[:at] + varint(seq) + content[at + 1 :])
    _scribble_the_meta(path)
    spool = Spool(path, ManualClock())
    after = [entry.seq for entry in spool.pending(99)]
    notices = spool.held().notices
    spool.close()
    assert after == [one for one in range(60) if one != 20]
    assert named(notices, set(range(60))) == {20}


def _cell_of(content: bytes, epoch: bytes, seq: int) -> int:
    """Where the number of a batch stands: before the head of its row, which is before its epoch."""
    head = re.compile(
        re.escape(varint(seq)) + rb"[\x08-\x0c][^-]{6,11}" + re.escape(epoch), re.DOTALL
    )
    (found,) = [one.start() for one in head.finditer(content) if one.start() > 4 * PAGE]
    return found


def _scribble_the_meta(path: Path) -> None:
    """So that the damage is found at the next opening."""
    with path.open("r+b") as file:
        file.seek(PAGE)
        file.write(b"\xa5" * 8)


def test_a_batch_that_its_page_counts_no_more_is_named(path: Path) -> None:
    """No walk comes to it, and nothing on the way looks wrong."""
    filled(path)
    content = bytearray(path.read_bytes())
    pages = range(4 * PAGE, len(content), PAGE)
    leaf = next(at for at in pages if content[at] == _LEAF and content[at + 4])
    content[leaf + 4] -= 1  # how many rows it has (file format, 1.6)
    path.write_bytes(content)
    spool = Spool(path, ManualClock())
    after = {entry.seq for entry in spool.pending(99)}
    notices = spool.held().notices
    spool.close()
    lost = set(range(60)) - after
    assert len(lost) == 1
    assert named(notices, set(range(60))) == lost
