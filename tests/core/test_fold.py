"""The ledger of one device and quarter hour from the windows of all reporters."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import hypothesis.strategies as st
from hypothesis import given
from hypothesis.strategies import DrawFn

from joulebook.core.fold import BookedPart, MeterWindow, fold

SECOND = 1_000_000


def window(
    name: str,
    start_s: float,
    end_s: float,
    *parts: tuple[str, str, int],
    parent: str | None = None,
) -> MeterWindow:
    """A window of the reporter `name`, an agent if it is called so."""
    booked = [
        BookedPart(bucket, job, parent if job else None, energy) for bucket, job, energy in parts
    ]
    start_us, end_us = round(start_s * SECOND), round(end_s * SECOND)
    energy = sum(part.energy_uj for part in booked)
    return MeterWindow(
        key=(name, f"{start_us:020d}"),
        role="agent" if name.startswith("agent") else "tracker",
        start_us=start_us,
        end_us=end_us,
        energy_uj=energy,
        observed_us=end_us - start_us,
        method="counter",
        err_sys_uj=0,
        err_rand_uj=0,
        parts=booked,
    )


def booked(*windows: MeterWindow) -> dict[tuple[str, str], int]:
    """Energy by bucket and job, without the zeros."""
    sums: dict[tuple[str, str], int] = {}
    for booking in fold(windows).bookings:
        key = (booking.bucket, booking.job_uid)
        sums[key] = sums.get(key, 0) + booking.energy_uj
    return {key: energy for key, energy in sums.items() if energy}


@st.composite
def reports(draw: DrawFn) -> list[MeterWindow]:
    """Consecutive windows of an agent and two trackers, each with edges of its own."""
    windows = []
    for name in draw(st.sets(st.sampled_from(["agent", "t1", "t2"]), min_size=1)):
        edges = sorted(draw(st.sets(st.integers(0, 900), min_size=2, max_size=8)))
        for start, end in pairwise(edges):
            amounts = st.integers(0, 10**9)
            parts = [("idle", "", draw(amounts)), ("system", "", draw(amounts))]
            parts += [("job", job, draw(amounts)) for job in draw(st.sets(st.sampled_from("ab")))]
            parent = draw(st.sampled_from([None, "a", "p"]))
            windows.append(window(name, start, end, *parts, parent=parent))
    return windows


@given(reports())
def test_what_is_booked_is_what_the_counting_windows_metered(windows: list[MeterWindow]) -> None:
    folded = fold(windows)
    by_key = {one.key: one for one in windows}
    metered = sum(by_key[key].energy_uj for key in folded.primary)
    assert sum(booking.energy_uj for booking in folded.bookings) == metered


@given(reports())
def test_every_counting_window_keeps_its_own_energy(windows: list[MeterWindow]) -> None:
    folded = fold(windows)
    sums = dict.fromkeys(folded.primary, 0)
    for booking in folded.bookings:
        sums[booking.window] += booking.energy_uj
    assert sums == {one.key: one.energy_uj for one in windows if one.key in folded.primary}


@given(reports())
def test_nothing_is_booked_below_zero(windows: list[MeterWindow]) -> None:
    assert all(booking.energy_uj >= 0 for booking in fold(windows).bookings)


@given(reports(), st.randoms())
def test_the_order_of_arrival_changes_nothing(windows: list[MeterWindow], chance: Random) -> None:
    shuffled = list(windows)
    chance.shuffle(shuffled)
    assert fold(shuffled) == fold(windows)


@given(reports())
def test_an_agent_always_counts(windows: list[MeterWindow]) -> None:
    agents = {one.key for one in windows if one.role == "agent"}
    assert agents <= fold(windows).primary


@given(reports())
def test_no_two_reporters_count_at_one_time(windows: list[MeterWindow]) -> None:
    primary = fold(windows).primary
    spans = sorted((one.start_us, one.end_us) for one in windows if one.key in primary)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_a_claim_names_whose_the_energy_was() -> None:
    agent = window("agent", 0, 10, ("idle", "", 40), ("system", "", 60))
    assert booked(agent, window("t", 0, 10, ("job", "a", 50))) == {
        ("idle", ""): 40,
        ("system", ""): 10,
        ("job", "a"): 50,
    }


def test_a_claim_never_takes_more_than_is_there() -> None:
    agent = window("agent", 0, 10, ("idle", "", 40), ("unknown", "", 5))
    assert booked(agent, window("t", 0, 10, ("job", "a", 1_000))) == {("job", "a"): 45}


def test_a_claim_takes_from_its_parent_first() -> None:
    agent = window("agent", 0, 10, ("job", "p", 30), ("system", "", 70))
    claim = window("t", 0, 10, ("job", "a", 50), parent="p")
    assert booked(agent, claim) == {("job", "a"): 50, ("system", ""): 50}


def test_a_claim_takes_from_system_before_idle_before_unknown() -> None:
    agent = window("agent", 0, 10, ("unknown", "", 10), ("idle", "", 10), ("system", "", 10))
    assert booked(agent, window("t", 0, 10, ("job", "a", 15))) == {
        ("job", "a"): 15,
        ("idle", ""): 5,
        ("unknown", ""): 10,
    }


def test_a_claim_takes_nothing_from_a_job_that_is_not_its_parent() -> None:
    agent = window("agent", 0, 10, ("job", "b", 100))
    assert booked(agent, window("t", 0, 10, ("job", "a", 50))) == {("job", "b"): 100}


def test_what_the_agent_gave_to_the_job_already_is_claimed_no_second_time() -> None:
    agent = window("agent", 0, 10, ("job", "a", 50), ("system", "", 50))
    claim = window("t", 0, 10, ("job", "a", 50))
    assert booked(agent, claim) == {("job", "a"): 50, ("system", ""): 50}


def test_a_claim_is_shared_by_the_time_it_overlaps() -> None:
    first = window("agent", 0, 10, ("system", "", 100))
    second = window("agent", 10, 20, ("system", "", 100))
    claim = window("t", 5, 20, ("job", "a", 30))
    by_window = {
        booking.window: booking.energy_uj
        for booking in fold([first, second, claim]).bookings
        if booking.job_uid
    }
    assert by_window == {first.key: 10, second.key: 20}


def test_the_part_of_a_claim_that_no_meter_covers_adds_nothing() -> None:
    agent = window("agent", 0, 10, ("system", "", 100))
    claim = window("t", 5, 15, ("job", "a", 50))
    assert booked(agent, claim) == {("system", ""): 75, ("job", "a"): 25}


def test_a_window_that_only_touches_another_counts() -> None:
    first, second = window("t1", 0, 10, ("idle", "", 1)), window("t2", 10, 20, ("idle", "", 1))
    assert fold([first, second]).primary == {first.key, second.key}


def test_without_an_agent_the_earlier_tracker_is_the_meter() -> None:
    early, late = window("t2", 0, 10, ("idle", "", 1)), window("t1", 5, 15, ("idle", "", 1))
    assert fold([late, early]).primary == {early.key}


def test_a_job_that_used_nothing_is_still_booked() -> None:
    bookings = fold([window("agent", 0, 10, ("job", "a", 0))]).bookings
    assert [(one.job_uid, one.energy_uj) for one in bookings] == [("a", 0)]


def counted(one: MeterWindow, start_uj: int, boot_id: str = "boot") -> MeterWindow:
    """The window with a counter that moved by its energy."""
    end_uj = start_uj + one.energy_uj
    return replace(one, counter_start_uj=start_uj, counter_end_uj=end_uj, boot_id=boot_id)


def test_windows_after_a_step_back_of_the_wall_clock_count_both() -> None:
    before = counted(window("agent", 0, 10, ("idle", "", 100)), 0)
    after = counted(window("agent", 5, 15, ("idle", "", 100)), 100)
    assert fold([before, after]).primary == {before.key, after.key}


def test_one_counter_passing_the_same_values_counts_once() -> None:
    before = counted(window("t1", 0, 10, ("idle", "", 100)), 0)
    after = counted(window("t2", 5, 15, ("idle", "", 100)), 50)
    assert fold([before, after]).primary == {before.key}


def test_windows_of_two_boots_count_both() -> None:
    before = counted(window("agent", 0, 10, ("idle", "", 100)), 0, "boot 1")
    after = counted(window("agent", 5, 15, ("idle", "", 100)), 0, "boot 2")
    assert fold([before, after]).primary == {before.key, after.key}


def test_two_ranks_of_one_job_add_up() -> None:
    first = window("t1", 0, 10, ("job", "a", 30), ("system", "", 70))
    second = window("t2", 0, 10, ("job", "a", 20), ("system", "", 80))
    assert booked(first, second) == {("job", "a"): 50, ("system", ""): 50}


def test_what_was_measured_counts_before_what_another_tool_told() -> None:
    told = replace(window("t1", 0, 60, ("job", "j", 900)), method="external")
    measured = window("t2", 10, 20, ("idle", "", 70))
    assert fold([told, measured]).primary == {measured.key}


def test_what_another_tool_told_of_a_measured_device_only_names_whose_it_was() -> None:
    told = replace(window("agent-of-a-tool", 0, 10, ("job", "j", 900)), method="external")
    assert booked(told, window("t2", 0, 10, ("idle", "", 70))) == {("job", "j"): 70}


def test_a_reading_that_came_twice_moves_its_energy_once() -> None:
    meter = window("agent", 0, 10, ("idle", "", 100))
    claim = replace(window("t1", 0, 10, ("job", "j", 30)), reporter=("t", "epoch"))
    again = replace(claim, key=("t1", "another number"))
    assert booked(meter, claim, again) == {("job", "j"): 30, ("idle", ""): 70}


def test_a_meters_own_reading_that_came_twice_claims_nothing() -> None:
    meter = window("t1", 0, 10, ("job", "j", 30), ("idle", "", 70))
    meter = replace(meter, reporter=("t", "epoch"))
    again = replace(meter, key=("t1", "another number"))
    assert booked(meter, again) == {("job", "j"): 30, ("idle", ""): 70}
