"""Clock, probe and process table through a tape: recorded, or played from a recording."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from joulebook.clock import Clock
from joulebook.core.families import Process
from joulebook.core.packages import PackageTime
from joulebook.discovery.processes import CpuTimes, MemoryUse, ProcessTable
from joulebook.errors import ProbeError, Retry
from joulebook.metering.checked import failure
from joulebook.metering.tape import Tape
from joulebook.probes.protocol import Found, Holder, Probe, Reading, Sensor


class TapedClock:
    """A clock through a tape; `inner` is asked by a recorder only."""

    def __init__(self, tape: Tape, inner: Clock) -> None:
        self._tape = tape
        self._inner = inner

    def wall_us(self) -> int:
        """Microseconds since the Unix epoch, UTC."""
        return int(self._tape.ask("wall", None, self._inner.wall_us))

    def monotonic_us(self) -> int:
        """Microseconds of the monotonic clock."""
        return int(self._tape.ask("monotonic", None, self._inner.monotonic_us))


class TapedProbe:
    """A probe through a tape.

    Args:
        tape: The tape.
        number: Number of the probe: sensors of one are asked together.
        inner: The probe, asked by a recorder only.
    """

    def __init__(self, tape: Tape, number: int, inner: Probe) -> None:
        self.name = inner.name
        self._tape = tape
        self._number = number
        self._inner = inner

    def find(self) -> Found:
        """What it finds is adopted by the sampler, and recorded there."""
        return self._inner.find()

    def read(self, sensor: Sensor) -> Reading:
        """A reading."""
        told = self._ask("read", sensor, lambda: asdict(self._inner.read(sensor)))
        return Reading(**told)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """Processes on the device."""

        def work() -> list[dict[str, Any]] | None:
            holders = self._inner.holders(sensor)
            return None if holders is None else [asdict(holder) for holder in holders]

        told = self._ask("holders", sensor, work)
        return None if told is None else [Holder(**with_tuples(one)) for one in told]

    def close(self) -> None:
        """Whoever found the probe closes it."""

    def _ask(self, what: str, sensor: Sensor, work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        return self._tape.ask(what, [self._number, sensor.uid], lambda: _tried(work))


class TapedTable(ProcessTable):
    """A process table through a tape. A look is recorded as what changed since the last one."""

    def __init__(self, tape: Tape, inner: ProcessTable) -> None:
        super().__init__(Path("/proc"))
        self._tape = tape
        self._inner = inner
        self._last: dict[int, Process] = {}

    def exists(self, pid: int) -> bool:
        """Whether the process is there."""
        return bool(self._tape.ask("exists", pid, lambda: self._inner.exists(pid)))

    def look(self) -> dict[int, Process]:
        """Every process there is, by id."""
        came, left = self._tape.ask("look", None, self._changes)
        new = {pid: Process(*figures) for pid, *figures in came}
        gone = set(left)
        kept = {pid: one for pid, one in self._last.items() if pid not in gone}
        self._last = dict(sorted({**kept, **new}.items()))
        return self._last

    def pss_bytes(self, pids: Collection[int]) -> int | None:
        """Memory of the processes, bytes."""
        size: int | None = self._tape.ask("pss", sorted(pids), lambda: self._inner.pss_bytes(pids))
        return size

    def host_cpu(self) -> CpuTimes:
        """CPU time of the host."""
        return CpuTimes(*self._tape.ask("host CPU", None, self._inner.host_cpu))

    def memory(self) -> MemoryUse:
        """Memory of the host."""
        return MemoryUse(*self._tape.ask("memory", None, self._inner.memory))

    def group_cpu(
        self, pid: int, family: Collection[int], known: Collection[int]
    ) -> tuple[str, int] | None:
        """CPU time of a process's cgroup, µs."""
        told = self._tape.ask("group CPU", pid, lambda: self._inner.group_cpu(pid, family, known))
        return None if told is None else (str(told[0]), int(told[1]))

    def group_memory(self, pid: int, family: Collection[int], known: Collection[int]) -> int | None:
        """Memory of a process's cgroup, bytes."""
        size: int | None = self._tape.ask(
            "group memory", pid, lambda: self._inner.group_memory(pid, family, known)
        )
        return size

    def packages(self) -> Mapping[int, int]:
        """Package of each CPU."""
        return dict(self._tape.ask("packages", None, lambda: [*self._inner.packages().items()]))

    def confined_to(self, pid: int) -> frozenset[int] | None:
        """CPUs that a process is confined to."""

        def work() -> list[int] | None:
            cpus = self._inner.confined_to(pid)
            return None if cpus is None else sorted(cpus)

        told = self._tape.ask("confined", pid, work)
        return None if told is None else frozenset(told)

    def cpu_of_packages(self, package_of: Mapping[int, int]) -> dict[int, PackageTime]:
        """CPU time of each package, clock ticks."""

        def work() -> list[tuple[int, int, int]]:
            times = self._inner.cpu_of_packages(package_of)
            return [(number, time.busy, time.capacity) for number, time in times.items()]

        told = self._tape.ask("package CPU", None, work)
        return {number: PackageTime(busy, capacity) for number, busy, capacity in told}

    def _changes(self) -> tuple[list[tuple[int, int, int, int]], list[int]]:
        now = self._inner.look()
        came = [(pid, *one) for pid, one in sorted(now.items()) if self._last.get(pid) != one]
        return came, sorted(pid for pid in self._last if pid not in now)


def _tried(work: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
    """A probe of others may fail in any way: the sampler takes that for `Retry`."""
    try:
        return work()
    except ProbeError:
        raise
    except Exception as error:
        raise Retry(failure(error)) from error


def with_tuples(told: dict[str, Any]) -> dict[str, Any]:
    """Fields of a record as it has them: JSON knows lists only."""
    return {name: tuple(one) if isinstance(one, list) else one for name, one in told.items()}
