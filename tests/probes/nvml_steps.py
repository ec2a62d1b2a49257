"""Plays steps from stdin against the NVML probe and prints one answer per step as JSON.

Run as a process of its own, because the loader reads LD_LIBRARY_PATH when a process starts.
Steps: ["find"], ["clock", µs], ["read", index], ["holders", index], ["script", text], ["close"],
["shutdown"]. Time is virtual: the probe's clock and the driver's are one.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joulebook.clock import ManualClock
from joulebook.errors import Fatal, Gone, ProbeError, Retry
from joulebook.probes.nvml.probe import NvmlProbe
from joulebook.probes.protocol import Found


class Stage:
    """One probe, its driver's script and clock."""

    def __init__(self, script: Path, clock_file: Path) -> None:
        self._script = script
        self._clock_file = clock_file
        self._clock = ManualClock()
        self._probe = NvmlProbe(self._clock, pause=self._advance)
        self._found = Found()

    def play(self, name: str, *args: object) -> object:
        """One step; an error of the probe is an answer."""
        try:
            return self._steps()[name](*args)
        except ProbeError as error:
            kind = next(kind for kind in (Retry, Gone, Fatal) if isinstance(error, kind))
            return {"error": kind.__name__, "text": str(error)}

    def _steps(self) -> dict[str, Callable[..., object]]:
        return {
            "find": self._find,
            "clock": lambda at_us: self._advance(at_us - self._clock.monotonic_us()),
            "read": lambda index: asdict(self._probe.read(self._found.sensors[index])),
            "holders": self._holders,
            "script": lambda text: self._script.write_text(text, encoding="utf-8"),
            "close": self._probe.close,
            "shutdown": _shutdown,
        }

    def _find(self) -> dict[str, Any]:
        self._found = self._probe.find()
        return asdict(self._found)

    def _holders(self, index: int) -> list[dict[str, Any]] | None:
        holders = self._probe.holders(self._found.sensors[index])
        return None if holders is None else [asdict(holder) for holder in holders]

    def _advance(self, duration_us: int) -> None:
        self._clock.advance(duration_us)
        self._clock_file.write_text(str(self._clock.monotonic_us()), encoding="ascii")


def _shutdown() -> None:
    """What other code in the same process may do to us."""
    import pynvml  # noqa: PLC0415 - only where the step asks for it

    pynvml.nvmlShutdown()


if __name__ == "__main__":
    stage = Stage(Path(sys.argv[1]), Path(sys.argv[2]))
    answers = [stage.play(*step) for step in json.loads(sys.stdin.read())]
    sys.stdout.write(json.dumps(answers))
