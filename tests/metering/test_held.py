"""Who had a GPU, look by look, from the sensor to the parts."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs
from tests.metering.conftest import SENSOR

from joulebook.clock import ManualClock
from joulebook.core.attribute import NO_JOB, Bucket, Part
from joulebook.core.units import QUARTER_US
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.sampler import ACTIVITY_US, Metered, Sampler
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Holder

JOB, OTHER, STRANGER = 50, 60, 70
SYSTEM_PID = 3


class Card:
    """One GPU in virtual time, whose power and holders are as told."""

    def __init__(self, procfs: Procfs, counter: Callable[[int], int]) -> None:
        self.procfs = procfs
        for pid in (1, SYSTEM_PID, JOB, OTHER):
            procfs.process(pid, 1)
        self.clock = ManualClock()
        self.present: dict[str, Sequence[Holder]] = {}
        probe = MemoryProbe(self.clock, {SENSOR: counter}, self.present)
        table = ProcessTable(procfs.root)
        self.sampler = Sampler(self.clock, [(SENSOR, probe)], table)

    def look(self, *holders: Holder) -> None:
        """Half a second passes; then these are there."""
        self.present["GPU-1"] = holders
        self.clock.advance(ACTIVITY_US)
        self.sampler.sample()

    def cut(self, *holders: Holder, roots: frozenset[int] = frozenset({JOB, OTHER})) -> Metered:
        self.present["GPU-1"] = holders
        self.clock.advance(ACTIVITY_US)
        (metered,) = self.sampler.cut(roots)
        assert sum(part.energy_uj for part in metered.parts) == metered.window.energy_uj
        return metered


@pytest.fixture
def card_of(tmp_path: Path) -> Callable[..., Card]:
    def make(counter: Callable[[int], int] = lambda now: 2 * now, *there: Holder) -> Card:
        card = Card(Procfs(tmp_path / "proc"), counter)
        card.present["GPU-1"] = there
        card.sampler.start({JOB, OTHER})
        return card

    return make


CardOf = Callable[..., Card]
STEP = 2 * ACTIVITY_US


def busy(pid: int, sm: int = 80, memory: int = 100) -> Holder:
    return Holder(pid, memory, sm)


def resting(pid: int, memory: int = 100) -> Holder:
    return Holder(pid, memory, 0)


def test_a_job_that_rests_in_the_middle_holds_the_gpu_for_that_time(card_of: CardOf) -> None:
    card = card_of()
    card.look(busy(JOB))
    for _ in range(4):
        card.look(resting(JOB))
    # The first and the last silent look stand next to an active one: a sample may be late.
    assert card.cut(busy(JOB)).parts == [
        Part(Bucket.HELD, JOB, 2 * STEP),
        Part(Bucket.JOB, JOB, 4 * STEP),
    ]


def test_each_look_has_the_energy_that_the_counter_counted_until_then(card_of: CardOf) -> None:
    peak_us = 5 * ACTIVITY_US  # from here on the card draws 100 times as much

    card = card_of(lambda now: now + 99 * max(0, now - peak_us))
    for _ in range(5):
        card.look(resting(JOB))
    parts = card.cut(busy(OTHER), roots=frozenset()).parts
    shares = {(part.bucket, part.job): part.energy_uj for part in parts}
    assert shares[Bucket.JOB, OTHER] == 100 * ACTIVITY_US
    assert shares[Bucket.HELD, JOB] == 4 * ACTIVITY_US


def test_a_gpu_is_idle_before_its_job_comes_and_after_it_left(card_of: CardOf) -> None:
    card = card_of()
    card.look()
    card.look(busy(JOB))
    card.look()
    card.look()
    parts = card.cut().parts
    # It was there at the end of the second look, so it held the GPU in a part of the third.
    assert parts == [Part(Bucket.IDLE, NO_JOB, 3 * STEP), Part(Bucket.JOB, JOB, 2 * STEP)]


def test_a_stranger_on_the_gpu_makes_only_its_own_time_unknown(card_of: CardOf) -> None:
    card = card_of()
    card.look(busy(JOB))
    card.look(busy(JOB), busy(STRANGER))
    card.look(busy(JOB))
    assert card.cut(busy(JOB)).parts == [
        Part(Bucket.JOB, JOB, 2 * STEP),
        Part(Bucket.UNKNOWN, NO_JOB, 2 * STEP),
    ]


def test_a_child_of_a_job_that_ended_between_looks_is_no_stranger(card_of: CardOf) -> None:
    card = card_of()
    card.procfs.process(51, JOB)
    card.look(busy(51))
    for file in (card.procfs.root / "51").iterdir():
        file.unlink()
    (card.procfs.root / "51").rmdir()
    assert card.cut(busy(51, memory=0)).parts == [Part(Bucket.JOB, JOB, 2 * STEP)]


def test_a_process_of_no_job_is_system(card_of: CardOf) -> None:
    card = card_of()
    assert card.cut(busy(SYSTEM_PID)).parts == [Part(Bucket.SYSTEM, NO_JOB, STEP)]


def test_who_rested_at_the_last_cut_still_holds_the_gpu_after_it(card_of: CardOf) -> None:
    card = card_of(lambda now: 2 * now, resting(JOB))
    for _ in range(3):
        card.look(resting(JOB))
    card.cut(resting(JOB))
    card.look(resting(JOB))
    assert card.cut(resting(JOB)).parts == [Part(Bucket.HELD, JOB, 2 * STEP)]


def test_windows_join_and_every_look_is_booked_once(card_of: CardOf) -> None:
    card = card_of()
    booked: dict[tuple[Bucket, int], int] = {}
    for turn in range(12):
        holder = busy(JOB) if turn % 4 < 2 else busy(OTHER)
        if turn % 3 == 2:
            for part in card.cut(holder).parts:
                booked[part.bucket, part.job] = booked.get((part.bucket, part.job), 0)
                booked[part.bucket, part.job] += part.energy_uj
        else:
            card.look(holder)
    assert booked == {(Bucket.JOB, JOB): 6 * STEP, (Bucket.JOB, OTHER): 6 * STEP}


def test_a_window_over_a_quarter_hour_is_split_look_by_look_on_both_sides(
    card_of: CardOf,
) -> None:
    card = card_of()
    until_us = QUARTER_US - card.clock.wall_us() % QUARTER_US - 2 * ACTIVITY_US
    card.clock.advance(until_us)
    card.sampler.cut({JOB, OTHER})
    for holder in (busy(JOB), busy(JOB), busy(OTHER)):
        card.look(holder)
    card.present["GPU-1"] = [busy(OTHER)]
    card.clock.advance(ACTIVITY_US)
    before, after = card.sampler.cut({JOB, OTHER})
    assert [part.job for part in before.parts] == [JOB]
    assert [part.job for part in after.parts] == [OTHER]
    assert sum(part.energy_uj for part in after.parts) == after.window.energy_uj


def test_from_when_on_nobody_tells_the_processes_of_a_gpu_it_is_unknown(card_of: CardOf) -> None:
    card = card_of()
    card.look(busy(JOB))
    del card.present["GPU-1"]
    card.clock.advance(ACTIVITY_US)
    (metered,) = card.sampler.cut({JOB})
    assert metered.parts == [Part(Bucket.JOB, JOB, STEP), Part(Bucket.UNKNOWN, NO_JOB, STEP)]
