"""CPU time by tracked process, also while processes come and go."""

from joulebook.core.families import Process
from joulebook.metering.cpu_use import CpuUse

Table = dict[int, Process]


def seen(**processes: tuple[int, int]) -> Table:
    """`p51=(50, 7)`: process 51 below 50, with 7 ticks."""
    return {int(name[1:]): Process(*known, started=1) for name, known in processes.items()}


def use_after(roots: set[int], *tables: Table) -> dict[int, int]:
    use = CpuUse()
    use.restart(tables[0], roots)
    for table in tables[1:]:
        use.look(table)
    return use.by_root


def test_time_before_the_restart_does_not_count() -> None:
    assert use_after({50}, seen(p50=(1, 100)), seen(p50=(1, 130))) == {50: 30}


def test_a_new_child_counts_from_its_birth() -> None:
    assert use_after({50}, seen(p50=(1, 10)), seen(p50=(1, 10), p51=(50, 5))) == {50: 5}


def test_a_reaped_child_is_counted_once() -> None:
    tables = seen(p50=(1, 10), p51=(50, 5)), seen(p50=(1, 10), p51=(50, 9)), seen(p50=(1, 21))
    assert use_after({50}, *tables) == {50: 6}


def test_a_tracked_child_has_its_time_to_itself() -> None:
    tables = seen(p50=(1, 10), p51=(50, 100)), seen(p50=(1, 12), p51=(50, 140))
    assert use_after({50, 51}, *tables) == {50: 2, 51: 40}


def test_the_life_of_a_tracked_child_is_not_booked_to_the_parent_that_reaps_it() -> None:
    before = seen(p50=(1, 10), p51=(50, 100))
    last = seen(p50=(1, 12), p51=(50, 140))
    reaped = seen(p50=(1, 12 + 143))  # three ticks after the last look
    assert use_after({50, 51}, before, last, reaped) == {50: 5, 51: 40}


def test_a_killed_process_keeps_what_the_last_look_saw() -> None:
    tables = seen(p50=(1, 10)), seen(p50=(1, 70)), seen()
    assert use_after({50}, *tables) == {50: 60}


def test_an_orphan_that_ends_keeps_its_time_with_its_root() -> None:
    tables = (
        seen(p50=(1, 10), p51=(50, 1)),
        seen(p50=(1, 10), p51=(1, 8)),
        seen(p50=(1, 14)),
    )
    assert use_after({50}, *tables) == {50: 11}
