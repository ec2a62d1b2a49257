"""Readings of the NVML probe, on a driver of our own making, in virtual time."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.nvml_build import environment
from tests.probes.conftest import Play

SECOND = 1_000_000
STEPS = "power 0 100000\npower 1000000 300000\n"
ONE = "device\nuuid GPU-a\n" + STEPS
WITHOUT_COUNTER = ONE + "error NOT_SUPPORTED 0 energy\n"


def test_the_counter_is_given_in_microjoules(play: Play) -> None:
    *_, before, _, after = play(
        ONE, ("find",), ("clock", SECOND), ("read", 0), ("clock", 3 * SECOND), ("read", 0)
    )
    assert after["counter_uj"] - before["counter_uj"] == 600_000_000  # 300 W over 2 s


def test_the_counter_goes_on_from_what_the_driver_had_counted(play: Play) -> None:
    *_, reading = play(ONE + "offset 7000\n", ("find",), ("clock", SECOND), ("read", 0))
    assert reading["counter_uj"] == 7_000_000 + 100_000_000


def test_a_reading_has_the_time_of_the_clock(play: Play) -> None:
    *_, reading = play(ONE, ("find",), ("clock", 2 * SECOND), ("read", 0))
    assert reading["at_us"] == 2 * SECOND


def test_power_stands_beside_the_counter(play: Play) -> None:
    *_, reading = play(ONE, ("find",), ("clock", 2 * SECOND), ("read", 0))
    assert reading["power_mw"] == 300_000


def test_a_counter_without_power_is_still_read(play: Play) -> None:
    script = ONE + "error UNKNOWN 1500000 fields\n"
    *_, reading = play(script, ("find",), ("clock", 2 * SECOND), ("read", 0))
    assert reading["power_mw"] is None
    assert reading["counter_uj"] > 0


@pytest.mark.parametrize(
    ("refused", "power_mw"),
    [
        ("", 300_000),  # the instant value
        ("error NOT_SUPPORTED 0 instant\n", 200_000),  # the mean over the last second
        ("error NOT_SUPPORTED 0 fields\n", 200_000),  # what every driver answers
    ],
)
def test_without_a_counter_the_most_direct_power_is_read(
    play: Play, refused: str, power_mw: int
) -> None:
    script = WITHOUT_COUNTER + refused
    *_, reading = play(script, ("find",), ("clock", 1_500_000), ("read", 0))
    assert reading["counter_uj"] is None
    assert reading["power_mw"] == power_mw


def test_utilisation_is_a_share(play: Play) -> None:
    *_, reading = play(ONE + "utilization 93\n", ("find",), ("read", 0))
    assert reading["utilization"] == 0.93


def test_utilisation_that_is_not_told_is_none(play: Play) -> None:
    *_, reading = play(ONE + "mig on\n", ("find",), ("read", 0))
    assert reading["utilization"] is None
    assert reading["counter_uj"] > 0


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("GPU_IS_LOST", "Gone"),
        ("NOT_SUPPORTED", "Fatal"),
        ("NO_PERMISSION", "Fatal"),
        ("RESET_REQUIRED", "Fatal"),
        ("TIMEOUT", "Retry"),
        ("UNKNOWN", "Retry"),
    ],
)
def test_an_error_says_what_to_do_next(play: Play, error: str, kind: str) -> None:
    script = f"{ONE}error {error} 2000000\n"
    *_, before, _, after = play(script, ("find",), ("read", 0), ("clock", 2 * SECOND), ("read", 0))
    assert before["counter_uj"] > 0
    assert after["error"] == kind


@pytest.mark.parametrize("error", ["TIMEOUT", "UNKNOWN", "NOT_SUPPORTED"])
def test_a_counter_that_fails_alone_leaves_the_power_and_says_why(play: Play, error: str) -> None:
    script = f"{ONE}error {error} 2000000 energy\n"
    *_, reading = play(script, ("find",), ("clock", 2 * SECOND), ("read", 0))
    assert (reading["counter_uj"], reading["power_mw"]) == (None, 300_000)
    assert "NVML error" in reading["note"]


def test_a_counter_that_may_not_be_read_any_more_is_an_error(play: Play) -> None:
    script = ONE + "error NO_PERMISSION 2000000 energy\n"
    *_, reading = play(script, ("find",), ("clock", 2 * SECOND), ("read", 0))
    assert reading["error"] == "Fatal"


def test_a_device_that_was_reset_counts_from_0(play: Play) -> None:
    *_, reading = play(ONE + "reset 2000000\n", ("find",), ("clock", 3 * SECOND), ("read", 0))
    assert reading["counter_uj"] == 300_000_000


def test_a_power_sensor_that_fails_is_an_error_and_not_0(play: Play) -> None:
    script = WITHOUT_COUNTER + "error UNKNOWN 2000000\n"
    *_, reading = play(script, ("find",), ("clock", 2 * SECOND), ("read", 0))
    assert reading["error"] == "Retry"


def test_a_lost_gpu_leaves_the_others(play: Play) -> None:
    script = f"device\n{STEPS}error GPU_IS_LOST 2000000\ndevice\n{STEPS}"
    *_, lost, alive = play(script, ("find",), ("clock", 2 * SECOND), ("read", 0), ("read", 1))
    assert lost["error"] == "Gone"
    assert alive["counter_uj"] > 0


def test_a_library_shut_down_by_other_code_is_started_again(play: Play) -> None:
    *_, failed, again = play(ONE, ("find",), ("shutdown",), ("read", 0), ("read", 0))
    assert failed["error"] == "Retry"
    assert again["counter_uj"] > 0


def test_a_driver_that_left_while_we_watched_is_gone(play: Play) -> None:
    script = "init DRIVER_NOT_LOADED\n" + ONE
    *_, failed = play(ONE, ("find",), ("shutdown",), ("script", script), ("read", 0))
    assert failed["error"] == "Gone"


def test_a_closed_probe_reads_nothing(play: Play) -> None:
    *_, reading = play(ONE, ("find",), ("close",), ("close",), ("read", 0))
    assert reading["error"] == "Gone"


def test_a_closed_probe_can_find_again(play: Play) -> None:
    *_, reading = play(ONE, ("find",), ("close",), ("find",), ("read", 0))
    assert reading["counter_uj"] > 0


def test_a_gpu_with_a_problem_is_not_read(play: Play) -> None:
    *_, reading = play("device\nerror UNKNOWN 0 uuid\n", ("find",), ("read", 0))
    assert reading["error"] == "Gone"


def test_the_counter_runs_in_real_time_too(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("device\npower 0 100000\nperiod 1000\n", encoding="utf-8")
    code = (
        "import time\n"
        "from joulebook.clock import SystemClock\n"
        "from joulebook.probes.nvml.probe import NvmlProbe\n"
        "probe = NvmlProbe(SystemClock())\n"
        "(sensor,) = probe.find().sensors\n"
        "before = probe.read(sensor)\n"
        "time.sleep(0.01)\n"
        "after = probe.read(sensor)\n"
        "energy_uj = after.counter_uj - before.counter_uj\n"
        "print(energy_uj >= 100 * 9_000)  # 100 W for 10 ms, less one period\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(script),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True"
