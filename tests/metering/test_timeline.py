from joulebook.clock import ManualClock
from joulebook.metering.timeline import Timeline

HOUR_US = 3_600_000_000


def test_labels_advance_with_the_monotonic_clock() -> None:
    clock = ManualClock(wall_us=1_000, monotonic_us=50)
    timeline = Timeline(clock)
    first = timeline.now()
    clock.advance(10)
    assert timeline.now() - first == 10


def test_a_slewed_wall_clock_leaves_no_seam() -> None:
    clock = ManualClock()
    timeline = Timeline(clock)
    first = timeline.now()
    clock.step_wall(100_000)
    clock.advance(1_000)
    assert timeline.now() - first == 1_000


def test_after_a_step_back_of_an_hour_labels_follow_the_new_wall_time() -> None:
    clock = ManualClock()
    timeline = Timeline(clock)
    clock.step_wall(-HOUR_US)
    assert timeline.now() == clock.wall_us()
