"""An agent tells of found jobs under a new name each hour, so that it can forget what ended."""

from joulebook.agent.shifts import MOST, SHIFT_US, Shifts
from joulebook.clock import ManualClock


def test_a_later_shift_is_another_reporter_and_named_before_earlier_ones() -> None:
    clock = ManualClock()
    shifts = Shifts(clock, lambda _: False)
    earlier = shifts.reporter
    clock.advance(SHIFT_US)
    shifts.check()
    assert shifts.reporter < earlier
    assert max("rank:000001:run:0190", "run:0190") < shifts.reporter


def test_within_the_hour_the_name_stays() -> None:
    clock = ManualClock()
    shifts = Shifts(clock, lambda _: False)
    earlier = shifts.reporter
    clock.advance(SHIFT_US - 1)
    shifts.check()
    assert shifts.reporter == earlier


def test_an_earlier_shift_is_asked_for_until_its_last_job_ended_and_never_again() -> None:
    clock, asked, left = ManualClock(), list[str](), [True, False]

    def forget(reporter: str) -> bool:
        asked.append(reporter)
        return left[min(len(asked) - 1, 1)]

    shifts = Shifts(clock, forget)
    first = shifts.reporter
    clock.advance(SHIFT_US)
    for _ in range(5):
        shifts.check()
    assert asked == [first, first]


def test_a_shift_in_which_many_jobs_began_ends_before_its_hour() -> None:
    clock = ManualClock()
    shifts = Shifts(clock, lambda _: False)
    names = []
    for _ in range(3 * MOST):
        names.append(shifts.reporter)
        clock.advance(1)
        shifts.check()
    assert [names.count(name) for name in dict.fromkeys(names)] == [MOST] * 3
    assert list(dict.fromkeys(names)) == sorted(set(names), reverse=True)
