"""What the rules let through, and how they answer to input of any size."""

from collections.abc import Callable

import pytest

from joulebook.errors import WireError
from joulebook.wire import Batch, check

Change = Callable[..., Batch]
START_US = 1_795_428_000_000_000
QUARTER_US = 900_000_000
DAY_US = 86_400_000_000


def test_the_good_batch_passes(changed: Change, now_us: int) -> None:
    check(changed(), now_us)


def test_a_batch_of_nothing_passes(changed: Change, now_us: int) -> None:
    empty = changed((("devices",), []), (("jobs",), []), (("meters",), {}), (("parts",), {}))
    check(empty, now_us)


def test_a_job_listed_twice_is_refused(changed: Change, now_us: int) -> None:
    twice = changed((("jobs", 1, "uid"), "run:1"), (("jobs", 1, "parent"), None))
    with pytest.raises(WireError, match=r"\$\.jobs\[1\]\.uid: 'run:1' is listed twice"):
        check(twice, now_us)


def test_one_bucket_of_one_job_twice_on_a_meter_is_refused(changed: Change, now_us: int) -> None:
    twice = changed((("parts", "bucket", 1), "job"), (("parts", "job", 1), 0))
    with pytest.raises(WireError, match=r"\$\.parts\.meter\[1\]: .* twice"):
        check(twice, now_us)


def test_parts_without_a_meter_are_refused(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError, match=r"\$\.parts\.meter\[0\]: no meter has index 0"):
        check(changed((("meters",), {})), now_us)


def test_energy_without_parts_is_refused(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError, match=r"\$\.meters\.energy_uj\[0\]: its parts sum to 0"):
        check(changed((("parts",), {})), now_us)


def test_a_window_of_no_energy_needs_no_parts(changed: Change, now_us: int) -> None:
    still = changed(
        (("parts",), {}),
        (("meters", "energy_uj", 0), 0),
        (("meters", "counter_end_uj", 0), 100),
    )
    check(still, now_us)


def test_parts_of_a_window_of_no_energy_are_refused(changed: Change, now_us: int) -> None:
    still = changed((("meters", "energy_uj", 0), 0), (("meters", "counter_end_uj", 0), 100))
    with pytest.raises(WireError, match="its parts sum to 1000, not 0"):
        check(still, now_us)


def test_a_counter_that_wrapped_passes(changed: Change, now_us: int) -> None:
    check(changed((("meters", "counter_start_uj", 0), 5_000)), now_us)


def test_a_window_may_end_on_the_quarter_hour(changed: Change, now_us: int) -> None:
    check(changed((("meters", "end_us", 0), START_US + QUARTER_US)), now_us + QUARTER_US)


def test_a_window_may_fill_a_quarter_hour_but_not_start_before_it(
    changed: Change, now_us: int
) -> None:
    early = changed((("meters", "start_us", 0), START_US - 1))
    with pytest.raises(WireError, match="crosses a quarter hour"):
        check(early, now_us)


def test_a_clock_a_day_behind_is_forgiven(changed: Change) -> None:
    check(changed(), START_US + 10_000_000 - DAY_US)


def test_a_clock_a_microsecond_more_behind_is_not(changed: Change) -> None:
    with pytest.raises(WireError, match="more than a day in the future"):
        check(changed(), START_US + 10_000_000 - DAY_US - 1)


def test_an_old_batch_passes_however_late_it_is(changed: Change, now_us: int) -> None:
    check(changed(), now_us + 3_650 * DAY_US)


def test_windows_of_one_device_may_overlap_after_a_clock_step(changed: Change, now_us: int) -> None:
    check(changed((("meters", "start_us", 1), START_US + 1)), now_us)


def test_a_job_may_end_the_moment_it_starts(changed: Change, now_us: int) -> None:
    check(changed((("jobs", 0, "ended_at"), "2026-11-23T10:00:00Z")), now_us)


def test_the_largest_text_passes(changed: Change, now_us: int) -> None:
    check(changed((("jobs", 0, "name"), "x" * 512)), now_us)


def test_a_refusal_does_not_repeat_endless_text(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError) as refusal:
        check(changed((("jobs", 0, "started_at"), "x" * 10**6)), now_us)
    assert len(str(refusal.value)) < 200


def test_a_refusal_does_not_repeat_an_endless_number(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError) as refusal:
        check(changed((("seq",), 10**5_000)), now_us)
    assert len(str(refusal.value)) < 200


def test_a_refusal_does_not_repeat_an_endless_schema(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError) as refusal:
        check(changed((("schema",), 10**5_000)), now_us)
    assert len(str(refusal.value)) < 200


def test_a_refusal_does_not_repeat_an_endless_ref(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError) as refusal:
        check(changed((("meters", "device", 0), 10**5_000)), now_us)
    assert len(str(refusal.value)) < 200


def test_work_of_nothing_passes(changed: Change, now_us: int) -> None:
    check(changed((("jobs", 0, "work"), {"samples": 0.0})), now_us)


def test_energy_of_a_counter_that_stood_still_is_refused(changed: Change, now_us: int) -> None:
    with pytest.raises(WireError, match="the counter moved by 0, not 1000"):
        check(changed((("meters", "counter_end_uj", 0), 100)), now_us)
