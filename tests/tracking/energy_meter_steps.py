"""Plays steps from stdin on an `EnergyMeter`, in a process of its own; one answer per step.

Steps: ["begin", name], ["end", name], ["clock", µs], ["script", text], ["sensors"], ["missing"].
Time is virtual: the meter's clock and the simulated driver's are one.
"""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joulebook
from joulebook.clock import ManualClock
from joulebook.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable


class Stage:
    """One meter, its driver's script and clock."""

    def __init__(self) -> None:
        self._clock = ManualClock()
        self._meter = joulebook.EnergyMeter(("gpu", "cpu"), clock=self._clock)

    def play(self, name: str, *args: Any) -> object:  # noqa: ANN401 - JSON
        """One step; a refusal is an answer."""
        steps: dict[str, Callable[..., object]] = {
            "begin": self._meter.begin,
            "end": self._end,
            "clock": self._advance,
            "script": lambda text: _file("SCRIPT").write_text(text, encoding="ascii"),
            "sensors": lambda: [sensor.uid for sensor in self._meter.sensors],
            "missing": lambda: self._meter.missing,
        }
        try:
            return steps[name](*args)
        except InvalidInput as error:
            return {"refused": str(error)}

    def _end(self, name: str) -> dict[str, Any]:
        energy = self._meter.end(name)
        devices = [[one.uid, one.energy_uj, one.error_uj, one.problem] for one in energy.devices]
        return {"us": energy.duration_us, "total_uj": energy.energy_uj, "devices": devices}

    def _advance(self, at_us: int) -> None:
        self._clock.advance(at_us - self._clock.monotonic_us())
        _file("CLOCK").write_text(str(at_us), encoding="ascii")


def _file(name: str) -> Path:
    return Path(os.environ[f"FAKE_NVML_{name}"])  # noqa: TID251 - the stand-in's own


if __name__ == "__main__":
    stage = Stage()
    sys.stdout.write(json.dumps([stage.play(*step) for step in json.loads(sys.stdin.read())]))
