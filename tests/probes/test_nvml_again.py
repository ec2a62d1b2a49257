"""GPUs that leave and come back, on a driver of our own making, in virtual time."""

from typing import Any

import pytest
from tests.probes.conftest import Play

SECOND = 1_000_000
ONE = "device\nuuid GPU-a\npower 0 100000\n"
TWO = ONE + "device\nuuid GPU-b\npower 0 200000\n"
LOST = "error GPU_IS_LOST 2000000 all 5000000\n"


def methods(found: dict[str, Any]) -> dict[str | None, str | None]:
    return {sensor["uid"]: sensor["method"] for sensor in found["sensors"]}


def test_a_gpu_that_was_lost_is_read_again_after_the_next_look(play: Play) -> None:
    later = (("clock", 6 * SECOND), ("read", 0), ("find",), ("read", 0))
    *_, stale, _, back = play(ONE + LOST, ("find",), ("clock", 3 * SECOND), ("read", 0), *later)
    assert stale["error"] == "Gone"  # the driver's old handle stays lost
    assert back["counter_uj"] == 1_000_000_000 + 600_000_000


def test_a_gpu_that_is_still_lost_is_a_sensor_with_a_problem(play: Play) -> None:
    script = ONE + "device\nuuid GPU-b\npower 0 200000\n" + LOST
    *_, found = play(script, ("find",), ("clock", 3 * SECOND), ("read", 1), ("find",))
    assert [sensor["method"] for sensor in found["sensors"]] == ["counter", None]
    assert "lost" in found["sensors"][1]["problem"]


def test_the_others_are_read_by_their_uuid_wherever_they_stand_now(play: Play) -> None:
    lost = TWO + "error GPU_IS_LOST\n"
    swapped = "device\nuuid GPU-b\npower 0 200000\n" + ONE + "offset 7\n"
    steps = (("script", lost), ("read", 1), ("script", swapped), ("clock", SECOND))
    *_, found, reading = play(TWO, ("find",), *steps, ("find",), ("read", 1))
    assert [sensor["uid"] for sensor in found["sensors"]] == ["GPU-b", "GPU-a"]
    assert reading["counter_uj"] == 7_000 + 100_000_000


def test_a_look_where_all_is_well_gives_the_same_sensors(play: Play) -> None:
    first, _, second = play(TWO, ("find",), ("clock", SECOND), ("find",))
    assert first == second


def test_a_look_where_all_is_well_does_not_watch_the_counters_again(play: Play) -> None:
    *_, before, _, after = play(TWO, ("find",), ("read", 0), ("find",), ("read", 0))
    assert before["at_us"] == after["at_us"]


def test_a_gpu_that_is_plugged_in_later_is_found(play: Play) -> None:
    *_, found = play(ONE, ("find",), ("script", TWO), ("find",))
    assert methods(found) == {"GPU-a": "counter", "GPU-b": "counter"}


def test_a_driver_that_is_unloaded_leaves_its_gpus_with_a_problem(play: Play) -> None:
    gone = "init DRIVER_NOT_LOADED\n" + ONE
    *_, found = play(ONE, ("find",), ("shutdown",), ("script", gone), ("read", 0), ("find",))
    assert methods(found) == {"GPU-a": None}
    assert "not loaded any more" in found["sensors"][0]["problem"]


def test_a_driver_that_is_loaded_again_is_read_from_where_it_counts_now(play: Play) -> None:
    gone, back = "init DRIVER_NOT_LOADED\n" + ONE, ONE + "offset 5\n"
    away = (("shutdown",), ("script", gone), ("read", 0), ("find",))
    *_, found, reading = play(
        ONE, ("find",), *away, ("script", back), ("clock", SECOND), ("find",), ("read", 0)
    )
    assert methods(found) == {"GPU-a": "counter"}
    assert reading["counter_uj"] == 5_000 + 100_000_000


def test_a_driver_that_comes_after_the_start_is_found(play: Play) -> None:
    *_, found = play("init DRIVER_NOT_LOADED\n" + ONE, ("find",), ("script", ONE), ("find",))
    assert methods(found) == {"GPU-a": "counter"}


@pytest.mark.parametrize("error", ["UNKNOWN", "NO_PERMISSION"])
def test_a_driver_that_was_broken_and_works_now_is_found(play: Play, error: str) -> None:
    broken, _, found = play(f"init {error}\n" + ONE, ("find",), ("script", ONE), ("find",))
    assert methods(broken) == {None: None}
    assert methods(found) == {"GPU-a": "counter"}
