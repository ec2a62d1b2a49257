"""Energy that passed while nobody read a device."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.attribute import Bucket
from joulebook.core.units import QUARTER_US
from joulebook.metering.recovery import Mark, Marks, decoded, recovered
from joulebook.probes.protocol import Reading, Sensor

SECOND = 1_000_000
OFFSET_US = 1_795_428_000_000_000  # a quarter hour begins there
GPU = Sensor(
    uid="GPU-1",
    index=0,
    kind="gpu",
    scope="gpu",
    additive=True,
    name="GPU (simulated)",
    vendor="nvidia",
    method="counter",
    gain_error=0.05,
    update_us=100_000,
    source="driver",
    simulated=True,
)
PACKAGE = replace(
    GPU, uid="cpu:m:package-0", kind="cpu", range_uj=262_143_328_850, max_power_mw=280_000
)


def marks(sensor: Sensor = GPU, counter_uj: int = 1_000) -> Marks:
    mark = Mark(OFFSET_US + 10 * SECOND, 10 * SECOND, counter_uj, "driver", sensor.kind)
    return Marks("boot", {sensor.uid or "": mark})


@given(st.integers(10 * SECOND + 1, 10**11), st.integers(0, 10**12))
def test_all_that_the_counter_counted_is_booked_to_unknown_and_nobody_observed_it(
    at_us: int, energy_uj: int
) -> None:
    reading = Reading(at_us, counter_uj=1_000 + energy_uj)
    booked, problem = recovered(marks(), GPU, reading, OFFSET_US + at_us)
    assert problem is None
    assert sum(one.window.energy_uj for one in booked) == energy_uj
    assert {one.window.observed_us for one in booked} == {0}
    shares = [share for one in booked for share in one.shares]
    assert {share.bucket for share in shares} == {Bucket.UNKNOWN}
    assert sum(share.energy_uj for share in shares) == energy_uj


def test_it_is_spread_evenly_and_cut_at_every_quarter_hour() -> None:
    at_us = 10 * SECOND + 3 * QUARTER_US
    reading = Reading(at_us, counter_uj=1_000 + 2_700 * SECOND)
    booked, _ = recovered(marks(), GPU, reading, OFFSET_US + at_us)
    lengths = [one.window.end_us - one.window.start_us for one in booked]
    assert lengths == [QUARTER_US - 10 * SECOND, QUARTER_US, QUARTER_US, 10 * SECOND]
    assert [one.window.energy_uj for one in booked] == lengths  # 1 W


def test_it_joins_the_windows_before_and_after_it() -> None:
    reading = Reading(100 * SECOND, counter_uj=5_000)
    (one,), _ = recovered(marks(), GPU, reading, OFFSET_US + 100 * SECOND + 300_000)
    window = one.window
    assert (window.start_us, window.end_us) == (
        OFFSET_US + 10 * SECOND,
        OFFSET_US + 100 * SECOND + 300_000,  # the wall clock was slewed by 0.3 s meanwhile
    )
    assert (window.counter_start_uj, window.counter_end_uj) == (1_000, 5_000)


def test_a_wall_clock_that_was_stepped_meanwhile_changes_no_length() -> None:
    reading = Reading(100 * SECOND, counter_uj=5_000)
    (one,), _ = recovered(marks(), GPU, reading, OFFSET_US - 3_600 * SECOND)
    assert one.window.end_us - one.window.start_us == 90 * SECOND


def test_a_wrap_is_counted_and_several_are_a_named_gap() -> None:
    start_uj = PACKAGE.range_uj or 0
    once = Reading(400 * SECOND, counter_uj=2_000)
    (one,), _ = recovered(marks(PACKAGE, start_uj - 1_000), PACKAGE, once, OFFSET_US + 400 * SECOND)
    assert one.window.energy_uj == 3_000
    often = replace(once, at_us=3_600 * SECOND)
    booked, problem = recovered(marks(PACKAGE), PACKAGE, often, OFFSET_US + 3_600 * SECOND)
    assert booked == []
    assert "may have wrapped more than once" in (problem or "")


def test_a_counter_that_was_reset_is_a_named_gap() -> None:
    booked, problem = recovered(
        marks(), GPU, Reading(100 * SECOND, counter_uj=10), OFFSET_US + 100 * SECOND
    )
    assert booked == []
    assert "was reset" in (problem or "")


@pytest.mark.parametrize(
    ("sensor", "reading"),
    [
        (replace(GPU, uid="GPU-2"), Reading(100 * SECOND, counter_uj=5_000)),
        (replace(GPU, method="integrated"), Reading(100 * SECOND, power_mw=5_000)),
        (GPU, Reading(100 * SECOND, power_mw=5_000)),
        (GPU, Reading(10 * SECOND, counter_uj=5_000)),
    ],
    ids=["never seen", "power", "silent", "no time passed"],
)
def test_where_there_is_nothing_to_compare_nothing_is_made_up(
    sensor: Sensor, reading: Reading
) -> None:
    assert recovered(marks(), sensor, reading, OFFSET_US + reading.at_us) == ([], None)


def test_a_counter_that_is_read_otherwise_now_is_another_counter() -> None:
    through_another = replace(GPU, source="exporter")
    booked, problem = recovered(
        marks(), through_another, Reading(100 * SECOND, counter_uj=5_000), OFFSET_US + 100 * SECOND
    )
    assert booked == []
    assert "read otherwise now" in (problem or "")


def test_marks_survive_a_file() -> None:
    assert decoded(marks().encoded(), "boot") == marks()


@pytest.mark.parametrize("content", [None, b"", b"no json", b"[]", b'{"boot_id":"boot"}', b"{}"])
def test_marks_that_cannot_be_read_recover_nothing(content: bytes | None) -> None:
    assert decoded(content, "boot") == Marks("boot")


def test_marks_that_tell_no_kind_of_device_are_read_as_well() -> None:
    old = b'{"boot_id":"boot","devices":{"GPU-1":[1,2,3,"driver"]}}'
    assert decoded(old, "boot").devices == {"GPU-1": Mark(1, 2, 3, "driver")}


def test_marks_of_another_boot_recover_nothing() -> None:
    assert decoded(marks().encoded(), "another boot").devices == {}
