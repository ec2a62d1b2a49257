"""CPU energy where no sensor tells it: an estimate, always labelled so, with a wide error.

``E = T · (idle + (full - idle) · utilisation)``. Utilisation times T is the busy time over the
number of logical CPUs, so the energy is linear in two running totals and does not depend on how
often it is read. `joulebook.probes.estimate.basis` tells where idle and full power come from and
how wrong they may be; `joulebook.probes.estimate.frequency`, why busy time at a low frequency
counts for less.

The estimate stands for the machine that ``/proc/stat`` shows. A limit on CPU time changes that in
one case only: inside a container that cannot see the other processes of its host. There it stands
for as many CPUs as the limit allows, and busy is the CPU time of everything within the limit.
Everywhere else it stands for the whole machine, and attribution says how much was whose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import InvalidInput, Retry
from joulebook.probes.estimate.basis import MILLI, Basis, Model, find_basis
from joulebook.probes.estimate.frequency import CpuClock
from joulebook.probes.estimate.proc_stat import ProcStat
from joulebook.probes.estimate.quota import Quota, find_quota, sees_host
from joulebook.probes.protocol import Found, Holder, Reading, Sensor

#: How often the CPUs and the limit on them are looked up anew, µs.
RELOOK_US = 60 * US_PER_S

_MW_PER_W = 1_000


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is estimated: so much power, and what counts the busy time."""

    cpus: int
    model: Model
    quota: Quota | None
    limited: bool

    @property
    def cut_to(self) -> Quota | None:
        """The limit to which the estimate is cut; None where it stands for the whole machine."""
        return self.quota if self.limited else None


@dataclass(slots=True)
class _Account:
    """Two running totals, and the energy under an earlier model."""

    before_uj: int = 0
    duration_us: int = 0
    busy_us: int = 0
    _rest: int = 0

    def add(self, duration_us: int, busy_us: int, share: int) -> None:
        """Count busy time at a share of the frequency, in thousandths; what is over waits."""
        self.duration_us += duration_us
        weighed_us, self._rest = divmod(busy_us * share + self._rest, MILLI)
        self.busy_us += weighed_us

    def energy_uj(self, model: Model) -> int:
        return self.before_uj + model.energy_uj(self.duration_us, self.busy_us)

    def close(self, model: Model) -> None:
        """From here on another model holds."""
        self.before_uj = self.energy_uj(model)
        self.duration_us = self.busy_us = 0


class EstimateProbe:
    """One sensor that stands for the packages of this machine.

    Args:
        clock: Where durations come from.
        procfs_root: The procfs tree, usually ``/proc``.
        machine_id: Names this machine in the uid.
        tdp_w: Thermal design power of all packages together, W; None to look it up.
        sysfs_root: The sysfs tree, which tells the CPUs' frequency; None to leave that out.
        cgroupfs_root: The cgroup tree, which tells limits on CPU time; None to leave them out.

    Raises:
        InvalidInput: `tdp_w` is not above 0.
    """

    name = "estimate"

    def __init__(  # noqa: PLR0913 - three trees, each of which may be missing
        self,
        clock: Clock,
        procfs_root: Path,
        machine_id: str,
        tdp_w: float | None = None,
        *,
        sysfs_root: Path | None = None,
        cgroupfs_root: Path | None = None,
    ) -> None:
        if tdp_w is not None and not 0 < tdp_w < float("inf"):
            raise InvalidInput(f"a TDP is a number of watts above 0, not {tdp_w}")
        self._clock = clock
        self._procfs = procfs_root
        self._cgroupfs = cgroupfs_root
        self._uid = f"cpu:{machine_id}:estimate"
        self._tdp_mw = None if tdp_w is None else max(1, round(tdp_w * _MW_PER_W))
        self._stat = ProcStat(procfs_root)
        self._speed = CpuClock(sysfs_root) if sysfs_root is not None else None
        self._basis: Basis | None = None
        self._scope: _Scope | None = None
        self._looked_us = 0
        self._last: tuple[int, int] | None = None
        self._account = _Account()

    @property
    def covers_memory(self) -> bool:
        """Whether memory is in the estimate already, as in the averages of whole servers."""
        return self._known().tdp_mw is None

    @property
    def quota(self) -> Quota | None:
        """The limit to which the estimate is cut; None where it stands for the whole machine."""
        return self._scope.cut_to if self._scope is not None else None

    def find(self) -> Found:
        """The one sensor; with a problem where there is no /proc/stat to estimate from."""
        try:
            self._stat.busy_us()
            scope = self._renew()
        except Retry as error:
            return Found(sensors=(self._sensor(None, str(error)),))
        return Found(sensors=(self._sensor(scope, None),))

    def read(self, sensor: Sensor) -> Reading:  # noqa: ARG002 - there is only one
        """Cumulative estimate since the first reading, and utilisation since the last.

        Raises:
            Retry: The busy time could not be read.
        """
        due = self._clock.monotonic_us() - self._looked_us >= RELOOK_US
        scope = self._renew() if self._scope is None or due else self._scope
        busy_us = (scope.cut_to or self._stat).busy_us()
        at_us = self._clock.monotonic_us()
        share = self._speed.look() if self._speed is not None else MILLI
        before, self._last = self._last, (at_us, busy_us)
        if before is None:
            return Reading(at_us, counter_uj=self._account.energy_uj(scope.model))
        # A total that ran backwards (a CPU taken offline) adds nothing, and goes on from there.
        duration_us, used_us = at_us - before[0], max(0, busy_us - before[1])
        self._account.add(duration_us, used_us, share)
        capacity_us = duration_us * scope.model.millicpus // MILLI
        return Reading(
            at_us,
            counter_uj=self._account.energy_uj(scope.model),
            utilization=min(1.0, used_us / capacity_us) if capacity_us else None,
        )

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody holds a package; its energy is shared by CPU time."""
        return None

    def close(self) -> None:
        """Let go of /proc/stat."""
        self._stat.close()

    def _known(self) -> Basis:
        if self._basis is None:
            self._basis = find_basis(self._procfs, self._tdp_mw)
        return self._basis

    def _look(self) -> _Scope:
        cpus = self._stat.cpus()
        model = self._known().model(cpus)
        quota = find_quota(self._procfs, self._cgroupfs) if self._cgroupfs is not None else None
        if quota is None or sees_host(self._procfs):
            return _Scope(cpus, model, quota, limited=False)
        return _Scope(cpus, model.limited(quota.millicpus), quota, limited=True)

    def _renew(self) -> _Scope:
        """Look up what is estimated: CPUs come and go, and a limit may be raised.

        What passed since the last reading is counted under the new model. Which file counts the
        busy time never changes, since two totals cannot be compared.
        """
        known, scope = self._scope, self._look()
        self._looked_us = self._clock.monotonic_us()
        if known is not None and _counter_of(scope) != _counter_of(known):
            return known
        if known is not None and scope.model != known.model:
            self._account.close(known.model)
        self._scope = scope
        return scope

    def _detail(self, scope: _Scope) -> str:
        watts = f"{scope.model.idle_mw / _MW_PER_W:g} to {scope.model.full_mw / _MW_PER_W:g} W"
        memory = ", memory included" if self.covers_memory else ""
        return f"{_cpus(scope)}, {watts}, {self._known().origin}{memory}"

    def _sensor(self, scope: _Scope | None, problem: str | None) -> Sensor:
        return Sensor(
            uid=self._uid,
            index=0,
            kind="cpu",
            scope="package",
            additive=True,
            name="CPU estimate",
            vendor=self._known().cpu.vendor,
            method=None if scope is None else "estimated",
            max_power_mw=None if scope is None else scope.model.full_mw,
            gain_error=self._known().gain_error,
            resolution_uj=0 if scope is None else scope.model.energy_uj(0, self._stat.tick_us),
            update_us=self._stat.tick_us,
            problem=problem,
            detail=None if scope is None else self._detail(scope),
            includes=("dram",) if self.covers_memory else (),
            source=str((_counter_of(scope) if scope is not None else None) or self._stat.path),
        )


def _counter_of(scope: _Scope) -> Path | None:
    """The container's file that counts the busy time; None where /proc/stat does."""
    return scope.cut_to.path if scope.cut_to is not None else None


def _cpus(scope: _Scope) -> str:
    cpus = f"{scope.cpus} logical CPUs"
    if scope.quota is not None:
        quota = f"{scope.quota.millicpus / MILLI:g}"
        cpus = f"{quota} of {cpus} by quota" if scope.limited else f"{cpus}, quota {quota}"
    return cpus
