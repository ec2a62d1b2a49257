"""Energy between two instants of a process, on simulated GPUs and recorded zones."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.nvml_build import environment

import joulebook
from joulebook.errors import InvalidInput

SECOND = 1_000_000
STEPS = Path(__file__).parent / "energy_meter_steps.py"
TWO = "device\nuuid GPU-a\npower 0 100000\ndevice\nuuid GPU-b\npower 0 200000\n"

Play = Callable[..., list[Any]]


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    """The one zone of the machine's processor, with 5 J on its counter."""
    zone = tmp_path / "sys" / "class" / "powercap" / "intel-rapl:0"
    zone.mkdir(parents=True)
    files = {"name": "package-0", "energy_uj": 5_000_000, "max_energy_range_uj": 262_143_328_850}
    for name, text in files.items():
        (zone / name).write_text(f"{text}\n", encoding="ascii")
    return zone


@pytest.fixture
def play(tmp_path: Path, zone: Path) -> Play:
    """Plays steps; one answer per step."""

    def run(script: str, *steps: tuple[object, ...], **more: str) -> list[Any]:
        (tmp_path / "script").write_text(script, encoding="ascii")
        (tmp_path / "clock").write_text("0", encoding="ascii")
        kept = {name: text for name, text in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
        done = subprocess.run(
            [sys.executable, str(STEPS)],
            input=json.dumps(steps),
            env={
                **kept,
                **environment(tmp_path / "script", tmp_path / "clock"),
                "JOULEBOOK_SYSFS_ROOT": str(zone.parents[2]),
                "HOME": str(tmp_path),
                **more,
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return run


def energies(answer: dict[str, Any]) -> dict[str, int | None]:
    return {uid.split(":")[0]: energy_uj for uid, energy_uj, _, _ in answer["devices"]}


def test_a_window_holds_what_every_counter_moved_by(play: Play) -> None:
    *_, answer = play(TWO, ("begin", ""), ("clock", 2 * SECOND), ("end", ""))
    assert energies(answer) == {"GPU-a": 200_000_000, "GPU-b": 400_000_000, "cpu": 0}
    assert (answer["us"], answer["total_uj"]) == (2 * SECOND, 600_000_000)


def test_windows_may_overlap_under_names_of_their_own(play: Play) -> None:
    steps = (("begin", "all"), ("clock", SECOND), ("begin", "part"), ("clock", 2 * SECOND))
    *_, part, whole = play(TWO, *steps, ("end", "part"), ("end", "all"))
    assert (part["total_uj"], whole["total_uj"]) == (300_000_000, 600_000_000)


def test_the_error_holds_the_gain_and_what_the_edges_hide(play: Play) -> None:
    *_, answer = play(TWO, ("begin", ""), ("clock", 2 * SECOND), ("end", ""))
    error_uj = answer["devices"][0][2]
    assert error_uj == 10_000_000 + 200_000_000 // 20 + 1_000  # 5 %, 100 ms of 2 s, one step


def test_a_window_shorter_than_a_counters_period_has_no_energy_and_not_0(play: Play) -> None:
    *_, answer = play(TWO, ("begin", ""), ("clock", 50_000), ("end", ""))
    assert energies(answer) == {"GPU-a": None, "GPU-b": None, "cpu": 0}
    assert answer["total_uj"] is None
    assert "shorter than the counter's period" in answer["devices"][0][3]


def test_a_gpu_that_is_lost_meanwhile_leaves_the_others(play: Play) -> None:
    script = TWO + "error GPU_IS_LOST 1000000\n"
    *_, answer = play(script, ("begin", ""), ("clock", 2 * SECOND), ("end", ""))
    assert energies(answer) == {"GPU-a": 200_000_000, "GPU-b": None, "cpu": 0}
    assert answer["total_uj"] is None


def test_a_counter_that_was_reset_meanwhile_tells_nothing(play: Play) -> None:
    *_, answer = play(TWO + "reset 1000000\n", ("begin", ""), ("clock", 2 * SECOND), ("end", ""))
    assert energies(answer)["GPU-b"] is None
    assert "reset" in answer["devices"][1][3]


def test_a_counter_that_stands_still_for_half_a_minute_tells_nothing(play: Play) -> None:
    script = TWO + "stuck 1000000\n"
    steps = (("clock", 2 * SECOND), ("begin", ""), ("clock", 32 * SECOND), ("end", ""))
    *_, answer = play(script, *steps)
    assert energies(answer) == {"GPU-a": 3_000_000_000, "GPU-b": None, "cpu": None}
    assert "does not move" in answer["devices"][1][3]


def test_only_gpus_that_cuda_shows_are_measured(play: Play) -> None:
    (uids,) = play(TWO, ("sensors",), CUDA_VISIBLE_DEVICES="1")
    assert [uid.split(":")[0] for uid in uids] == ["GPU-b", "cpu"]


def test_an_instance_is_measured_by_the_gpu_that_holds_it(play: Play) -> None:
    script = TWO + "mig on\ninstance MIG-1 3 0 3 20480\n"
    (uids,) = play(script, ("sensors",), CUDA_VISIBLE_DEVICES="MIG-1")
    assert [uid.split(":")[0] for uid in uids] == ["GPU-b", "cpu"]


def test_a_list_that_names_no_device_is_told(play: Play) -> None:
    uids, missing = play(TWO, ("sensors",), ("missing",), CUDA_VISIBLE_DEVICES="0,7")
    assert [uid.split(":")[0] for uid in uids] == ["GPU-a", "cpu"]
    assert "'7' in CUDA_VISIBLE_DEVICES" in missing["GPUs"]


def test_a_gpu_that_tells_only_power_is_missing_and_says_why(play: Play) -> None:
    script = TWO + "error NOT_SUPPORTED 0 energy\n"
    uids, missing = play(script, ("sensors",), ("missing",))
    assert [uid.split(":")[0] for uid in uids] == ["GPU-a", "cpu"]
    assert "joulebook.track" in missing["Simulated GPU"]


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        ((("begin", "a"), ("begin", "a")), "is open already"),
        ((("end", "a"),), "begin it first"),
    ],
)
def test_a_window_that_cannot_be_is_refused(
    play: Play, steps: tuple[tuple[str, str], ...], text: str
) -> None:
    assert text in play(TWO, *steps)[-1]["refused"]


def test_a_zone_that_vanishes_meanwhile_has_no_energy(play: Play, zone: Path) -> None:
    (zone / "energy_uj").write_text("no number\n", encoding="ascii")
    *_, answer = play("", ("begin", ""), ("clock", SECOND), ("end", ""))
    assert energies(answer)["cpu"] is None
    assert "holds no number" in answer["devices"][0][3]


def test_a_total_without_a_gpu_that_tells_only_power_is_no_total(play: Play) -> None:
    script = TWO + "error NOT_SUPPORTED 0 energy\n"
    *_, answer = play(script, ("begin", ""), ("clock", SECOND), ("end", ""))
    assert energies(answer) == {"GPU-a": 100_000_000, "cpu": 0}
    assert answer["total_uj"] is None


def test_a_block_is_a_window_also_where_it_raises() -> None:
    meter = joulebook.EnergyMeter("cpu")
    window = meter.window("step")
    with pytest.raises(KeyError, match="theirs"), window:
        raise KeyError("theirs")
    assert window.energy is not None
    meter.begin("step")


@pytest.mark.parametrize("kinds", ["board", [], ("gpu", "board")])
def test_kinds_that_mean_nothing_are_refused_with_those_that_there_are(kinds: object) -> None:
    with pytest.raises(InvalidInput, match="take one or more of gpu, cpu"):
        joulebook.EnergyMeter(kinds)  # type: ignore[arg-type]


def test_a_kind_that_is_not_here_is_missing_and_says_so() -> None:
    meter = joulebook.EnergyMeter("accelerator")
    assert meter.missing == {"accelerator": "no accelerator that can be read was found"}


def test_a_closed_meter_begins_nothing() -> None:
    meter = joulebook.EnergyMeter("cpu")
    meter.close()
    with pytest.raises(InvalidInput, match="closed"):
        meter.begin()
