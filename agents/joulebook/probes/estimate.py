"""CPU energy where no sensor tells it: an estimate, always labelled so, with a wide error.

``E = T · (idle + (max - idle) · utilisation)``. Utilisation times T is the busy time of
/proc/stat over the number of logical CPUs, so the energy is linear in two running totals and
does not depend on how often it is read.

Without a configured TDP each logical CPU draws 0.71 W idle and 3.46 W at full load: the
averages per vCPU of Cloud Carbon Footprint's methodology for AWS. With one, an idle machine draws a
tenth of it. Both are averages over many models, hence the errors.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import InvalidInput, Retry
from joulebook.probes.protocol import Found, Holder, Reading, Sensor

IDLE_MW_PER_CPU = 710
FULL_MW_PER_CPU = 3_460
#: An idle machine's share of a configured TDP: a tenth.
TDP_PER_IDLE = 10
GAIN_ERROR_DEFAULT = 0.6
GAIN_ERROR_TDP = 0.3

_MW_PER_W = 1_000
_NJ_PER_UJ = 1_000
# Columns of the "cpu" line (proc_stat(5)). Guest time is in user and nice already; time that
# was stolen is another machine's and burned no power here on our behalf.
_BUSY = (0, 1, 2, 5, 6)
_ALL = 8


@dataclass(frozen=True, slots=True)
class Model:
    """Power of the whole package, mW, idle and at full load, over so many logical CPUs."""

    idle_mw: int
    full_mw: int
    cpus: int

    def energy_uj(self, duration_us: int, busy_us: int) -> int:
        """Energy, µJ, of `duration_us` with `busy_us` of CPU time summed over all CPUs."""
        dynamic_nj = (self.full_mw - self.idle_mw) * busy_us // self.cpus
        return (self.idle_mw * duration_us + dynamic_nj) // _NJ_PER_UJ


@dataclass(frozen=True, slots=True)
class _Ticks:
    busy: int
    total: int
    cpus: int


class EstimateProbe:
    """One sensor that stands for the packages of this machine.

    Args:
        clock: Where durations come from.
        procfs_root: The procfs tree, usually ``/proc``.
        machine_id: Names this machine in the uid.
        tdp_w: Thermal design power of all packages together, W; None if not known.

    Raises:
        InvalidInput: `tdp_w` is not above 0.
    """

    name = "estimate"

    def __init__(
        self, clock: Clock, procfs_root: Path, machine_id: str, tdp_w: float | None = None
    ) -> None:
        if tdp_w is not None and not 0 < tdp_w < float("inf"):
            raise InvalidInput(f"a TDP is a number of watts above 0, not {tdp_w}")
        self._clock = clock
        self._stat = procfs_root / "stat"
        self._uid = f"cpu:{machine_id}:estimate"
        self._tdp_w = tdp_w
        self._tick_us = US_PER_S // os.sysconf("SC_CLK_TCK")
        self._model: Model | None = None
        self._start_us = 0
        self._last: _Ticks | None = None
        self._busy_ticks = 0

    def find(self) -> Found:
        """The one sensor; with a problem where there is no /proc/stat to estimate from."""
        try:
            ticks = self._ticks()
        except Retry as error:
            return Found(sensors=(self._sensor(None, str(error)),))
        self._model = _model(self._tdp_w, ticks.cpus)
        return Found(sensors=(self._sensor(self._model, None),))

    def read(self, sensor: Sensor) -> Reading:  # noqa: ARG002 - there is only one
        """Cumulative estimate since the first reading, and utilisation since the last.

        Raises:
            Retry: /proc/stat could not be read.
        """
        now, at_us = self._ticks(), self._clock.monotonic_us()
        model = self._model = self._model or _model(self._tdp_w, now.cpus)
        before = self._last
        self._last = now
        if before is None:
            self._start_us = at_us
            return Reading(at_us, counter_uj=0)
        # A total that ran backwards (a CPU taken offline) adds nothing, and goes on from there.
        self._busy_ticks += max(0, now.busy - before.busy)
        counter_uj = model.energy_uj(at_us - self._start_us, self._busy_ticks * self._tick_us)
        return Reading(at_us, counter_uj=counter_uj, utilization=_utilization(before, now))

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody holds a package; its energy is shared by CPU time."""
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _ticks(self) -> _Ticks:
        try:
            lines = self._stat.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise Retry(f"{self._stat} cannot be read: {error.strerror}") from error
        return _parsed(lines, str(self._stat))

    def _sensor(self, model: Model | None, problem: str | None) -> Sensor:
        return Sensor(
            uid=self._uid,
            index=0,
            kind="cpu",
            scope="package",
            additive=True,
            name=_name(model),
            vendor="unknown",
            method=None if model is None else "estimated",
            max_power_mw=None if model is None else model.full_mw,
            gain_error=GAIN_ERROR_DEFAULT if self._tdp_w is None else GAIN_ERROR_TDP,
            resolution_uj=0 if model is None else model.energy_uj(0, self._tick_us),
            update_us=self._tick_us,
            problem=problem,
        )


def _model(tdp_w: float | None, cpus: int) -> Model:
    if tdp_w is None:
        return Model(IDLE_MW_PER_CPU * cpus, FULL_MW_PER_CPU * cpus, cpus)
    full_mw = max(1, round(tdp_w * _MW_PER_W))
    return Model(full_mw // TDP_PER_IDLE, full_mw, cpus)


def _name(model: Model | None) -> str:
    if model is None:
        return "CPU estimate"
    watts = f"{model.idle_mw / _MW_PER_W:g} to {model.full_mw / _MW_PER_W:g} W"
    return f"CPU estimate ({model.cpus} logical CPUs, {watts})"


def _parsed(lines: Sequence[str], path: str) -> _Ticks:
    """Busy and all ticks of the ``cpu`` line, and the number of ``cpuN`` lines."""
    rows = [line.split() for line in lines if line.startswith("cpu")]
    cpus = sum(row[0] != "cpu" for row in rows)
    words = next((row[1:] for row in rows if row[0] == "cpu"), [])
    ticks = [int(word) for word in words if word.isdecimal()]
    if len(ticks) != len(words) or len(ticks) < _ALL or not cpus:
        raise Retry(f"{path} has no line of CPU times that could be understood")
    if not any(ticks):  # some sandboxes show zeros: that is no idle machine
        raise Retry(f"{path} counts no CPU time at all; is this a sandbox?")
    return _Ticks(sum(ticks[column] for column in _BUSY), sum(ticks[:_ALL]), cpus)


def _utilization(before: _Ticks, now: _Ticks) -> float | None:
    total = now.total - before.total
    if total <= 0:
        return None
    return min(1.0, max(0.0, (now.busy - before.busy) / total))
