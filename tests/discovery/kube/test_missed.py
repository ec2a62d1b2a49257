"""Pods that nobody knows: how long they are waited for, and how often they hurry whom."""

from joulebook.clock import ManualClock
from joulebook.core.units import US_PER_S
from joulebook.discovery.kube.missed import Missed


def test_a_pod_hurries_a_few_times_less_and_less_often() -> None:
    clock = ManualClock()
    missed = Missed(clock)
    hurried = []
    for second in range(1_000):
        if missed.asked("a"):
            hurried.append(second)
        clock.advance(US_PER_S)
    assert hurried == [0, 4, 12, 28]


def test_one_that_was_never_asked_for_is_not_waited_for() -> None:
    assert not Missed(ManualClock()).waits("a")


def test_each_is_waited_for_by_itself() -> None:
    missed = Missed(ManualClock())
    missed.asked("a")
    missed.answered()
    missed.asked("b")
    missed.answered()
    assert (missed.waits("a"), missed.waits("b")) == (False, True)


def test_memory_is_bounded() -> None:
    missed = Missed(ManualClock())
    for number in range(10_000):
        missed.asked(str(number))
    assert (missed.waits("0"), missed.waits("9999")) == (False, True)
