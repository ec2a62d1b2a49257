"""What waits in memory while the disk takes nothing."""

from collections.abc import Sequence

import pytest
from tests.shipping.measured import totals, turn_of

from joulebook.metering.unwritten import STEP_ROWS, Unwritten
from joulebook.wire import Batch, check

NOW_US = 2**52


def batches(count: int, role: str = "agent") -> list[Batch]:
    return [turn_of(turn, role)("agent", "epoch", 0) for turn in range(count)]


def waiting(several: Sequence[Batch], most_rows: int = 10**6) -> Unwritten:
    unwritten = Unwritten(most_rows)
    for number, batch in enumerate(several):
        unwritten.make_room()
        unwritten.add(batch, str(number).encode())
    unwritten.make_room()
    return unwritten


def drained(unwritten: Unwritten) -> list[Batch]:
    """All that waits, as it would be written."""
    found = []
    while unwritten:
        found.append(unwritten.first.batch)
        check(unwritten.first.batch, NOW_US)
        unwritten.written()
    return found


def test_what_waits_goes_to_disk_in_one_step_and_every_window_is_as_it_was() -> None:
    several = batches(40)
    unwritten = waiting(several)
    assert len(unwritten) == 1
    assert unwritten.first.marks == b"39"
    (whole,) = drained(unwritten)
    for name in ("start_us", "end_us", "energy_uj", "counter_end_uj", "err_rand_uj"):
        assert getattr(whole.meters, name) == [
            value for batch in several for value in getattr(batch.meters, name)
        ]
    assert totals([whole]) == totals(several)
    assert [job.rev for job in whole.jobs] == [39]


def test_a_step_stays_small_enough_for_a_disk_with_little_room() -> None:
    unwritten = waiting(batches(1_000))
    assert len(unwritten) > 1
    assert all(len(batch.meters.device) <= STEP_ROWS for batch in drained(unwritten))


@pytest.mark.parametrize(
    ("count", "most_rows"), [(1, 200), (40, 200), (89, 440), (300, 400), (900, 300), (900, 3_000)]
)
def test_beyond_its_bound_windows_get_longer_and_no_joule_is_lost(
    count: int, most_rows: int
) -> None:
    several = batches(count)
    unwritten = waiting(several, most_rows)
    assert unwritten.lost == {}
    found = drained(unwritten)
    assert totals(found) == totals(several)
    rows = [len(batch.meters.device) + len(batch.parts.meter) for batch in found]
    assert sum(rows) <= most_rows


def test_a_minutes_detail_is_given_up_before_a_quarter_hours() -> None:
    unwritten = waiting(batches(180), most_rows=600)
    lengths = {
        end_us - start_us
        for batch in drained(unwritten)
        for start_us, end_us in zip(batch.meters.start_us, batch.meters.end_us, strict=True)
    }
    assert max(lengths) == 60_000_000


def test_what_can_be_joined_no_further_is_lost_the_oldest_first_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    several = batches(2_000, "tracker")  # a tracker's windows stay as they are
    unwritten = waiting(several, most_rows=4_000)
    lost = unwritten.lost
    assert set(lost) == {"GPU-1", "cpu:host-1:package-0"}
    assert all("of earlier windows are lost: the disk took nothing" in one for one in lost.values())
    assert "windows with" in caplog.text
    kept = drained(unwritten)
    starts = [start for batch in kept for start in batch.meters.start_us]
    assert max(starts) == several[-1].meters.start_us[-1]
    assert sum(totals(kept).values()) < sum(totals(several).values())
    assert unwritten.lost == {}  # the last batch that was written told of it
