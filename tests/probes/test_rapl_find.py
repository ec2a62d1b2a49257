"""Which RAPL zones are found, on recorded-style powercap trees."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.probes.conftest import Powercap

from joulebook.clock import ManualClock
from joulebook.core.counters import Counted, Step, counted
from joulebook.probes.protocol import Found, Sensor
from joulebook.probes.rapl.probe import RaplProbe

NOBODY = 65_534


def only(found: Found) -> Sensor:
    (sensor,) = found.sensors
    return sensor


def uids(found: Found) -> list[str | None]:
    return [sensor.uid for sensor in found.sensors]


def dropped(found: Found) -> dict[str, str]:
    return {Path(zone.path).name: zone.reason for zone in found.dropped}


def test_a_machine_without_powercap_has_no_sensor(tmp_path: Path, clock: ManualClock) -> None:
    found = RaplProbe(clock, tmp_path, "m1").find()
    assert (found.sensors, found.dropped) == ((), ())
    assert "virtual machines have none" in (found.absent or "")


def test_an_empty_powercap_tree_has_no_sensor(probe: RaplProbe) -> None:
    assert probe.find().sensors == ()


def test_packages_and_their_memory_are_metered(server_tree: Powercap, probe: RaplProbe) -> None:
    assert server_tree.folder.is_dir()
    assert uids(probe.find()) == [
        "cpu:m1:package-0",
        "dram:m1:package-0",
        "cpu:m1:package-1",
        "dram:m1:package-1",
    ]


@pytest.mark.usefixtures("server_tree")
def test_what_would_be_counted_twice_is_dropped_with_its_reason(probe: RaplProbe) -> None:
    reasons = dropped(probe.find())
    assert set(reasons) == {
        "intel-rapl:0:0",
        "intel-rapl:1:0",
        "intel-rapl:2",
        "intel-rapl-mmio:0",
        "intel-rapl-mmio:0:0",
    }
    assert "part of its package" in reasons["intel-rapl:0:0"]
    assert "whole platform" in reasons["intel-rapl:2"]
    assert "same energy as intel-rapl:0" in reasons["intel-rapl-mmio:0"]


def test_nested_folders_are_found_once(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "package-0")
    powercap.zone("intel-rapl:0/intel-rapl:0:0", "dram")
    (powercap.folder / "intel-rapl:0:0").symlink_to("intel-rapl:0/intel-rapl:0:0")
    found = probe.find()
    assert uids(found) == ["cpu:m1:package-0", "dram:m1:package-0"]
    assert found.dropped == ()


def test_a_twin_without_its_counterpart_is_metered(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl-mmio:0", "package-0")
    assert only(probe.find()).uid == "cpu:m1:package-0"


def test_zones_are_sorted_by_number(powercap: Powercap, probe: RaplProbe) -> None:
    for number in range(12):
        powercap.zone(f"intel-rapl:{number}", f"package-{number}")
    assert uids(probe.find()) == [f"cpu:m1:package-{number}" for number in range(12)]


def test_the_dies_of_a_package_are_packages(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "package-0-die-0")
    powercap.zone("intel-rapl:1", "package-0-die-1")
    assert uids(probe.find()) == ["cpu:m1:package-0-die-0", "cpu:m1:package-0-die-1"]


def test_an_unknown_zone_is_dropped_and_named(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "coffee")
    assert "'coffee'" in dropped(probe.find())["intel-rapl:0"]


def test_a_package_is_described(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone(
        "intel-rapl:0", "package-0", constraint_0_max_power_uw=125_000_000, constraint_1_name="x"
    )
    sensor = only(probe.find())
    assert (sensor.kind, sensor.scope, sensor.additive) == ("cpu", "package", True)
    assert (sensor.method, sensor.problem) == ("counter", None)
    assert sensor.range_uj == 262_143_328_850
    assert sensor.max_power_mw == 500_000


@pytest.mark.usefixtures("server_tree")
def test_memory_is_described(probe: RaplProbe) -> None:
    sensor = probe.find().sensors[1]
    assert (sensor.kind, sensor.scope, sensor.additive) == ("dram", "dram", True)
    assert sensor.range_uj == 65_712_999_613


@pytest.mark.parametrize(("told_uw", "most_mw"), [(250_000_000, 1_000_000), (15_000_000, 100_000)])
def test_a_package_may_draw_several_times_its_limit_for_a_while(
    powercap: Powercap, probe: RaplProbe, told_uw: int, most_mw: int
) -> None:
    powercap.zone("intel-rapl:0", "package-0", constraint_0_max_power_uw=told_uw)
    assert only(probe.find()).max_power_mw == most_mw


@pytest.mark.parametrize(("told_w", "drawn_w", "seconds"), [(125, 253, 2_000), (15, 64, 4_096)])
def test_a_wrap_that_a_package_above_its_limit_may_have_hidden_is_not_guessed(
    powercap: Powercap, probe: RaplProbe, told_w: int, drawn_w: int, seconds: int
) -> None:
    powercap.zone("intel-rapl:0", "package-0", constraint_0_max_power_uw=told_w * 1_000_000)
    sensor = only(probe.find())
    step = counted(
        1_000,
        (1_000 + drawn_w * seconds * 1_000_000) % 262_143_328_850,
        range_uj=sensor.range_uj,
        elapsed_us=seconds * 1_000_000,
        max_power_mw=sensor.max_power_mw,
    )
    assert step == Counted(None, Step.UNKNOWN)


def test_a_name_that_is_no_utf8_costs_its_zone_alone(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "package-0")
    (powercap.zone("intel-rapl:1", "package-1") / "name").write_bytes(b"\xff\xfe\n")
    found = probe.find()
    assert uids(found) == ["cpu:m1:package-0"]
    assert [one.path.rsplit("/", 1)[-1] for one in found.dropped] == ["intel-rapl:1"]


@pytest.mark.parametrize("told", ["0", "nonsense", ""])
def test_a_power_that_is_not_told_is_the_most_a_package_can_draw(
    powercap: Powercap, probe: RaplProbe, told: str
) -> None:
    powercap.zone("intel-rapl:0", "package-0", constraint_0_max_power_uw=told)
    assert only(probe.find()).max_power_mw == 1_000_000


def test_a_range_that_is_not_told_is_none(powercap: Powercap, probe: RaplProbe) -> None:
    (powercap.zone("intel-rapl:0", "package-0") / "max_energy_range_uj").unlink()
    assert only(probe.find()).range_uj is None


def test_a_zone_without_a_counter_has_a_problem(powercap: Powercap, probe: RaplProbe) -> None:
    (powercap.zone("intel-rapl:0", "package-0") / "energy_uj").unlink()
    sensor = only(probe.find())
    assert sensor.method is None
    assert "vanished" in (sensor.problem or "")


def test_a_counter_closed_to_us_names_its_file_and_how_to_open_it(powercap: Powercap) -> None:
    counter = powercap.zone("intel-rapl:0", "package-0") / "energy_uj"
    counter.chmod(0)
    method, problem, *steps = _found_unprivileged(powercap.root)
    cure = "\n".join(steps)
    assert method == "None"
    below = counter.relative_to(powercap.root)
    assert f"no permission to read {below}" in problem
    assert "sudo usermod -aG joulebook" in cure
    assert 'SUBSYSTEM=="powercap"' in cure
    assert "/etc/udev/rules.d/" in cure
    assert "CAP_DAC_READ_SEARCH" in cure


def _found_unprivileged(root: Path) -> list[str]:
    """Method, problem and cure of the one sensor, found by a process that is not root.

    Root reads every file, whatever its mode. The child imports first and then gives its
    rights up, so it needs no right to the interpreter's own files afterwards.
    """
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from joulebook.clock import SystemClock\n"
        "from joulebook.probes.rapl.probe import RaplProbe\n"
        "os.chdir(sys.argv[1])\n"
        f"if os.getuid() == 0: os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "probe = RaplProbe(SystemClock(), Path(), 'm1')\n"
        "(sensor,) = probe.find().sensors\n"
        "print(sensor.method, sensor.problem, sensor.cure, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()
