"""Probes of other packages: the one of the documents, and such as fail."""

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from joulebook.clock import ManualClock
from joulebook.metering.meter import Meter
from joulebook.metering.plugged import plugged
from joulebook.metering.rig import open_rig
from joulebook.metering.roster import Roster
from joulebook.metering.timeline import Timeline
from joulebook.probes.protocol import Probe
from joulebook.settings import load

PAGE = Path(__file__).parents[2] / "docs" / "probes.md"
SECOND = 1_000_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Python imports from."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.fixture
def plug(folder: Path) -> Path:
    """The module of the documents, with its file in the test's folder; returns that file."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    file = folder / "watts"
    code = found[1].replace("/run/plug/watts", str(file))
    (folder / "my_probes.py").write_text(code, encoding="utf-8")
    file.write_text("150.5\n", encoding="ascii")
    return file


def probe(name: str, clock: ManualClock) -> Probe:
    return plugged([name], clock, load(environ={}))[0]


def test_the_example_of_the_documents_is_metered(plug: Path) -> None:
    clock = ManualClock()
    one = probe("my_probes:PlugProbe", clock)
    (sensor,) = one.find().sensors
    meter = Meter(sensor, one, Timeline(clock))
    meter.sample()
    for watts in ("150.5", "150.5", "50.5"):
        plug.write_text(watts, encoding="ascii")
        clock.advance(SECOND)
        meter.sample()
    window = meter.cut()
    assert window is not None
    assert (window.method, window.energy_uj) == ("integrated", 3 * 150_500_000)
    assert window.err_sys_uj == round(0.02 * window.energy_uj)


def test_the_example_says_what_it_cannot_read(plug: Path) -> None:
    clock = ManualClock()
    one = probe("my_probes:PlugProbe", clock)
    (sensor,) = one.find().sensors
    meter = Meter(sensor, one, Timeline(clock))
    plug.write_text("no number", encoding="ascii")
    meter.sample()
    assert "cannot be read" in (meter.problem or "")
    plug.unlink()
    meter.sample()
    assert meter.left


def test_a_machine_without_the_plug_has_no_such_sensor(plug: Path) -> None:
    plug.unlink()
    assert probe("my_probes:PlugProbe", ManualClock()).find().sensors == []


def test_it_stands_beside_the_sensors_of_the_house(plug: Path, tmp_path: Path) -> None:
    settings = replace(load({"sysfs_root": tmp_path}, environ={}), probes=("my_probes:PlugProbe",))
    rig = open_rig(settings, ManualClock())
    rig.close()
    assert plug.exists()
    assert "plug:kitchen-rack-7" in {sensor.uid for sensor in rig.found}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_such_module:X", "ModuleNotFoundError"),
        ("my_probes:NoSuchProbe", "AttributeError"),
        ("my_probes:FILE", "TypeError"),
    ],
)
@pytest.mark.usefixtures("plug")
def test_a_probe_that_cannot_be_made_is_a_sensor_with_a_problem(name: str, why: str) -> None:
    (sensor,) = probe(name, ManualClock()).find().sensors
    assert (sensor.uid, sensor.method) == (None, None)
    assert why in (sensor.problem or "")
    assert sensor.cure


def test_a_probe_that_fails_in_a_way_of_its_own_stops_no_other(folder: Path) -> None:
    code = """
        class Bad:
            name = "bad"
            def __init__(self, clock, settings): pass
            def find(self): raise KeyError("wires")
            def close(self): pass
    """
    (folder / "bad_probe.py").write_text(dedent(code), encoding="ascii")
    clock = ManualClock()
    sensors, _ = Roster(plugged(["bad_probe:Bad"], clock, load(environ={})), {}).look()
    (problem,) = [sensor.problem for sensor, _ in sensors]
    assert problem == "it cannot be used: TypeError: it has no method read"
