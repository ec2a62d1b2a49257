"""What the NVML probe finds, on a driver of our own making."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.nvml_build import environment
from tests.probes.conftest import Play

ONE = "device\nuuid GPU-a\nname Simulated H100\npower 0 100000\n"


def find(play: Play, script: str) -> list[dict[str, Any]]:
    found = play(script, ("find",))[0]
    return list(found["sensors"])


def test_a_machine_without_a_driver_library_has_no_gpu() -> None:
    code = (
        "from joulebook.clock import SystemClock\n"
        "from joulebook.probes.nvml.probe import NvmlProbe\n"
        "import pynvml\n"
        "try: pynvml.nvmlInit()\n"
        "except pynvml.NVMLError_LibraryNotFound: print(NvmlProbe(SystemClock()).find())\n"
        "else: print('a driver is installed')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True
    )
    if "a driver is installed" in done.stdout:
        pytest.skip("this machine has an NVIDIA driver")
    assert done.stdout.startswith("Found(sensors=(), dropped=(), absent='no NVIDIA driver: ")


def test_a_driver_that_is_not_loaded_has_no_gpu(play: Play) -> None:
    assert find(play, "init DRIVER_NOT_LOADED\n" + ONE) == []


def test_a_driver_without_a_gpu_has_no_gpu(play: Play) -> None:
    assert find(play, "driver 1.0\n") == []


def test_importing_the_probe_does_not_load_the_bindings() -> None:
    code = "import sys, joulebook.probes.nvml.probe; print('pynvml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("NO_PERMISSION", "/dev/nvidiactl"),
        ("LIB_RM_VERSION_MISMATCH", "restart the machine"),
        ("UNKNOWN", "999"),
    ],
)
def test_a_broken_driver_is_a_sensor_with_a_problem(play: Play, error: str, advice: str) -> None:
    sensor = find(play, f"init {error}\n")[0]
    assert (sensor["uid"], sensor["method"]) == (None, None)
    assert advice in sensor["problem"]


def test_a_gpu_with_an_energy_counter_is_read_by_it(play: Play) -> None:
    sensor = find(play, ONE)[0]
    assert sensor["uid"] == "GPU-a"
    assert sensor["name"] == "Simulated H100"
    assert (sensor["kind"], sensor["scope"], sensor["additive"]) == ("gpu", "gpu", True)
    assert sensor["method"] == "counter"
    assert sensor["problem"] is None


def test_the_gain_error_is_stated(play: Play) -> None:
    assert find(play, ONE)[0]["gain_error"] == 0.05


@pytest.mark.parametrize("why", ["error NOT_SUPPORTED 0 energy", "offset 0\npower 0 0"])
def test_a_gpu_without_a_counter_that_counts_is_integrated(play: Play, why: str) -> None:
    script = f"device\nuuid GPU-a\n{why}\npower 1000 100000\n"
    assert find(play, script)[0]["method"] == "integrated"


@pytest.mark.parametrize("error", ["TIMEOUT", "UNKNOWN"])
def test_a_counter_that_is_busy_when_it_is_looked_for_is_read_later(play: Play, error: str) -> None:
    script = f"{ONE}error {error} 0 energy 100000\n"
    found, _, reading = play(script, ("find",), ("clock", 1_000_000), ("read", 0))
    assert found["sensors"][0]["method"] == "counter"
    assert reading["counter_uj"] == 1_100_000_000


def test_a_gpu_without_a_name_is_measured_by_its_uuid(play: Play) -> None:
    sensor = find(play, ONE + "error UNKNOWN 0 name\n")[0]
    assert (sensor["uid"], sensor["method"]) == ("GPU-a", "counter")


def test_a_gpu_that_tells_neither_energy_nor_power_has_a_problem(play: Play) -> None:
    refusals = "".join(f"error NOT_SUPPORTED 0 {what}\n" for what in ("energy", "fields", "power"))
    sensor = find(play, ONE + refusals)[0]
    assert sensor["uid"] == "GPU-a"
    assert sensor["method"] is None
    assert "neither the energy nor the power" in sensor["problem"]


def test_a_gpu_without_a_uuid_has_an_index_and_a_problem(play: Play) -> None:
    first, second = find(play, ONE + "device\nerror UNKNOWN 0 uuid\n")
    assert first["problem"] is None
    assert (second["uid"], second["index"], second["method"]) == (None, 1, None)
    assert "UUID" in second["problem"]


def test_a_gpu_that_is_lost_from_the_start_leaves_the_others(play: Play) -> None:
    lost, alive = find(play, "device\nerror GPU_IS_LOST\n" + ONE)
    assert "lost" in lost["problem"]
    assert (alive["uid"], alive["index"], alive["method"]) == ("GPU-a", 1, "counter")


def test_a_counter_that_may_not_be_read_is_a_problem_and_not_replaced(play: Play) -> None:
    sensor = find(play, ONE + "error NO_PERMISSION 0 energy\n")[0]
    assert sensor["method"] is None
    assert "/dev/nvidiactl" in sensor["problem"]


def test_the_highest_power_is_the_highest_limit(play: Play) -> None:
    assert find(play, ONE + "limit 350000\n")[0]["max_power_mw"] == 350_000


def test_the_enforced_limit_stands_in_for_the_constraints(play: Play) -> None:
    script = ONE + "limit 300000\nerror NOT_SUPPORTED 0 limits\n"
    assert find(play, script)[0]["max_power_mw"] == 300_000


def test_a_gpu_that_tells_no_limit_has_none(play: Play) -> None:
    script = ONE + "error NOT_SUPPORTED 0 limits\nerror NOT_SUPPORTED 0 enforced\n"
    assert find(play, script)[0]["max_power_mw"] is None


def test_the_counter_of_a_grace_hopper_covers_its_module(play: Play) -> None:
    script = "device\nname NVIDIA GH200 480GB\npower 0 100000\n"
    assert find(play, script)[0]["scope"] == "module"


@pytest.mark.parametrize(
    ("driver", "name", "simulated"),
    [
        ("580.95", "Simulated H100", True),
        ("580.95", "Fake GPU", True),
        ("580.95-simulated", "NVIDIA H100", True),
        ("580.95", "NVIDIA H100", False),
    ],
)
def test_a_simulated_gpu_is_called_simulated(
    play: Play, driver: str, name: str, *, simulated: bool
) -> None:
    script = f"driver {driver}\ndevice\nname {name}\npower 0 1000\n"
    assert find(play, script)[0]["simulated"] is simulated


@pytest.mark.parametrize("period_us", [20_000, 50_000, 100_000])
def test_the_period_of_the_counter_is_watched(play: Play, period_us: int) -> None:
    script = f"device\npower 0 100000\nperiod {period_us}\n"
    assert find(play, script)[0]["update_us"] == pytest.approx(period_us, abs=4_000)


def test_two_counters_are_watched_at_once(play: Play) -> None:
    script = "device\npower 0 90000\nperiod 20000\ndevice\npower 0 90000\nperiod 100000\n"
    fast, slow = find(play, script)
    assert fast["update_us"] == pytest.approx(20_000, abs=4_000)
    assert slow["update_us"] == pytest.approx(100_000, abs=4_000)


def test_a_counter_that_does_not_move_has_no_period_shorter_than_the_look(play: Play) -> None:
    assert find(play, "device\npower 0 0\n")[0]["update_us"] == 350_000


def test_missing_bindings_are_a_problem_that_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pynvml'] = None\n"
        "from joulebook.clock import SystemClock\n"
        "from joulebook.probes.nvml.probe import NvmlProbe\n"
        "print(NvmlProbe(SystemClock()).find().sensors[0].problem)\n"
    )
    (tmp_path / "script").write_text(ONE, encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment(tmp_path / "script")},  # noqa: TID251 - handed to a real process
        capture_output=True,
        text=True,
        check=True,
    )
    assert "nvidia-ml-py" in done.stdout


def test_where_there_is_no_driver_the_bindings_are_not_loaded() -> None:
    code = (
        "import sys\n"
        "from joulebook.clock import SystemClock\n"
        "from joulebook.probes.nvml.probe import NvmlProbe\n"
        "found = NvmlProbe(SystemClock()).find()\n"
        "print(bool(found.sensors) or 'pynvml' not in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
