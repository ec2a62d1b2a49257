"""What waits in memory while the disk takes nothing."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from tests.shipping.measured import totals, turn_of

from joulebook.metering.unwritten import ROW_BYTES, STEP_ROWS, Unwritten
from joulebook.wire import Batch, check, encode

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


def test_what_can_be_joined_no_further_is_lost_the_oldest_first_and_named() -> None:
    several = batches(2_000, "tracker")  # a tracker's windows stay as they are
    unwritten = waiting(several, most_rows=4_000)
    lost = unwritten.lost
    assert set(lost) == {"GPU-1", "cpu:host-1:package-0"}
    assert all("of earlier windows are lost: the disk took nothing" in one for one in lost.values())
    assert unwritten.losing
    kept = drained(unwritten)
    starts = [start for batch in kept for start in batch.meters.start_us]
    assert max(starts) == several[-1].meters.start_us[-1]
    assert sum(totals(kept).values()) < sum(totals(several).values())
    assert unwritten.lost == {}  # the last batch that was written told of it
    assert not unwritten.losing


def scored(turn: int, scores: int) -> Batch:
    """The batch of one turn, with a new job that has so many scores."""
    batch = turn_of(turn)("agent", "epoch", 0)
    quality = {f"accuracy of class {score}": score / 7 for score in range(scores)}
    (job,) = batch.jobs
    return replace(batch, jobs=[replace(job, uid=f"run:{turn}", quality=quality)])


def test_jobs_with_many_scores_fill_no_more_memory_than_other_rows_would() -> None:
    most_rows = 1_000
    unwritten = waiting([scored(turn, 150) for turn in range(400)], most_rows)
    found = drained(unwritten)
    assert sum(len(encode(batch)) for batch in found) < most_rows * ROW_BYTES
    assert found[-1].jobs[-1].uid == "run:399"
    assert all(len(encode(batch)) < 2 * STEP_ROWS * ROW_BYTES for batch in found)


def test_a_job_that_is_told_with_every_window_waits_once() -> None:
    told = [replace(one, jobs=scored(0, 150).jobs) for one in batches(40)]
    unwritten = waiting(told, most_rows=1_000)
    assert not unwritten.losing
    assert [len(batch.jobs) for batch in drained(unwritten)] == [1]
