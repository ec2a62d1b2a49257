"""When sensors are looked for again."""

from joulebook.clock import ManualClock
from joulebook.metering.relook import LATE_US, SOON_US, Relook


def test_where_nothing_changes_it_is_seldom() -> None:
    clock = ManualClock()
    relook = Relook(clock)
    clock.advance(LATE_US - 1)
    assert not relook.due(lost=False)
    clock.advance(1)
    assert relook.due(lost=False)


def test_after_a_loss_it_is_soon_and_then_less_and_less_often() -> None:
    clock = ManualClock()
    relook = Relook(clock)
    waits = []
    for _ in range(8):
        waited = 0
        while not relook.due(lost=True):
            clock.advance(SOON_US)
            waited += SOON_US
        relook.looked(changed=False)
        waits.append(waited)
    assert waits[:4] == [SOON_US, 2 * SOON_US, 4 * SOON_US, 8 * SOON_US]
    assert max(waits) == LATE_US


def test_a_change_makes_the_next_look_soon() -> None:
    clock = ManualClock()
    relook = Relook(clock)
    clock.advance(LATE_US)
    relook.looked(changed=True)
    clock.advance(SOON_US)
    assert relook.due(lost=False)
