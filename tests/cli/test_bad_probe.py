"""A probe of somebody else that is written wrongly harms nothing but itself, wherever it runs."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Command

GOOD = {
    "find": "return Found([SENSOR])",
    "read": "return Reading(self.clock.monotonic_us(), power_mw=5000)",
    "holders": "return None",
    "close": "pass",
}
#: What the author got wrong, and what doctor says of it.
MISTAKES: Mapping[str, tuple[Mapping[str, str | None], str]] = {
    "read raises": ({"read": "raise KeyError('wires')"}, "KeyError: 'wires'"),
    "read answers nothing": ({"read": "pass"}, "answers NoneType, not a Reading"),
    "read answers a fraction": (
        {"read": "return Reading(self.clock.monotonic_us(), power_mw=5000.5)"},
        "power_mw is 5000.5",
    ),
    "read answers a negative power": (
        {"read": "return Reading(self.clock.monotonic_us(), power_mw=-5)"},
        "power_mw is -5",
    ),
    "find raises": ({"find": "raise OSError('no bus')"}, "OSError: no bus"),
    "find answers a list": ({"find": "return [SENSOR]"}, "answers list, not Found"),
    "find answers nothing": ({"find": "pass"}, "answers NoneType, not Found"),
    "no such kind": (
        {"find": "return Found([replace(SENSOR, kind='board')])"},
        "kind 'board' is not one of gpu, cpu",
    ),
    "no uid": (
        {"find": "return Found([replace(SENSOR, uid=None)])"},
        "needs a uid",
    ),
    "no such method": (
        {"find": "return Found([replace(SENSOR, method='w')])"},
        "method 'w' is not one of counter, integrated",
    ),
    "no close": ({"close": None}, "has no method close"),
}


@pytest.fixture
def probes(tmp_path: Path) -> dict[str, str]:
    """The environment in which all of them are set."""
    for number, (changes, _) in enumerate(MISTAKES.values()):
        module = tmp_path / f"bad_{number}.py"
        module.write_text(_module(changes, number), encoding="ascii")
    names = [f"bad_{number}:Bad" for number in range(len(MISTAKES))]
    return {"JOULEBOOK_PROBES": ",".join(names), "PYTHONPATH": str(tmp_path)}


def _module(changes: Mapping[str, str | None], number: int) -> str:
    methods = {name: body for name, body in {**GOOD, **changes}.items() if body is not None}
    heads = {"read": "(self, sensor)", "holders": "(self, sensor)"}
    lines = [
        "from dataclasses import replace",
        "from joulebook.probes.protocol import Found, Reading, Sensor",
        f"SENSOR = Sensor(uid='board:{number}', index=0, kind='other', scope='other',",
        "    additive=True, name='Board', vendor='unknown', method='integrated', gain_error=0.02)",
        "class Bad:",
        "    def __init__(self, clock, settings): self.clock = clock",
    ]
    for name, body in methods.items():
        lines += [f"    def {name}{heads.get(name, '(self)')}:", f"        {body}"]
    return "\n".join(lines)


def test_doctor_names_what_is_wrong_with_each(joulebook: "Command", probes: dict[str, str]) -> None:
    done = joulebook("doctor", "--json", **probes)
    assert "Traceback" not in done.stderr
    told = [one["problem"] for one in json.loads(done.stdout)["devices"] if one["problem"]]
    unsaid = [
        name for name, (_, said) in MISTAKES.items() if not any(said in problem for problem in told)
    ]
    assert unsaid == []


def test_the_agent_measures_the_other_sensors(
    joulebook: "Command", tmp_path: Path, probes: dict[str, str]
) -> None:
    once = ("--once", "--dry-run", "--window-s", "0.4", "--sample-s", "0.1")
    done = joulebook("agent", *once, **probes, JOULEBOOK_AGENT_SOCKET=str(tmp_path / "a.sock"))
    assert "Traceback" not in done.stderr
    assert sum(json.loads(done.stdout.splitlines()[0])["meters"]["energy_uj"]) > 0


def test_a_tracked_command_is_measured(joulebook: "Command", probes: dict[str, str]) -> None:
    work = (sys.executable, "-c", "sum(range(20_000_000))")
    done = joulebook("run", "--", *work, **probes)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "estimated" in done.stderr


def test_an_energy_meter_raises_nothing_into_the_users_code(
    run_python: "Command", probes: dict[str, str]
) -> None:
    code = """
        import joulebook
        meter = joulebook.EnergyMeter()
        meter.begin()
        print(meter.end().devices)
    """
    done = run_python(code, **probes)
    assert done.returncode == 0, done.stderr
    assert "cpu" in done.stdout
