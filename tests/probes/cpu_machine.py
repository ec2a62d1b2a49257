"""A machine with CPUs, as its procfs, sysfs and cgroup trees show it."""

import os
from collections.abc import Sequence
from pathlib import Path

from joulebook.clock import ManualClock
from joulebook.probes.estimate.cpu import EstimateProbe
from joulebook.probes.protocol import Reading, Sensor

TICKS = os.sysconf("SC_CLK_TCK")
SECOND = 1_000_000
COLUMNS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest")
HOSTS_NAMESPACE = "pid:[4026531836]"
EPYC = "AMD EPYC 7763 64-Core Processor"


def cpuinfo(
    model: str = EPYC, *, cpus: int = 2, sockets: int = 1, flags: str = "fpu vme sse2"
) -> str:
    """What an x86 kernel says of so many logical CPUs."""
    return "\n".join(
        f"processor\t: {cpu}\nvendor_id\t: AuthenticAMD\nmodel name\t: {model}\n"
        f"physical id\t: {cpu * sockets // cpus}\ncore id\t\t: {cpu}\nflags\t\t: {flags}\n"
        for cpu in range(cpus)
    )


class CpuMachine:
    """CPUs whose times are what a test says; two unless it says how many."""

    def __init__(
        self, root: Path, tdp_w: float | None = None, *, cpus: int = 2, info: str | None = None
    ) -> None:
        self.root = root
        self.procfs = root / "proc"
        self.sysfs = root / "sys"
        self.cgroupfs = root / "cgroup"
        self.clock = ManualClock()
        self._cpus = cpus
        self._columns = [0] * 10
        self.spend(idle=100)
        if info is not None:
            self.write("proc/cpuinfo", info)
        self.probe = self.new_probe(tdp_w)

    def new_probe(self, tdp_w: float | None = None) -> EstimateProbe:
        return EstimateProbe(
            self.clock,
            self.procfs,
            "m1",
            tdp_w,
            sysfs_root=self.sysfs,
            cgroupfs_root=self.cgroupfs,
        )

    @property
    def sensor(self) -> Sensor:
        (sensor,) = self.probe.find().sensors
        return sensor

    def write(self, path: str, text: str) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def spend(self, **seconds: int) -> None:
        """Let so many CPU seconds pass in a column."""
        for name, amount in seconds.items():
            self._columns[COLUMNS.index(name)] += amount * TICKS
        self.show(self._cpus)

    def show(self, cpus: int) -> None:
        """Write /proc/stat with so many CPUs online."""
        self._cpus = cpus
        rows = [("cpu ", self._columns)]
        rows += [(f"cpu{cpu}", [time // cpus for time in self._columns]) for cpu in range(cpus)]
        lines = [f"{name} {' '.join(map(str, columns))}\n" for name, columns in rows]
        self.write("proc/stat", "".join(lines) + "intr 1 2 3\nctxt 5\n")

    def inside_container(self, cgroup: str = "0::/\n") -> None:
        """A pid namespace of its own, and a cgroup."""
        self.write("proc/self/cgroup", cgroup)
        self.write("proc/2/comm", "sh\n")
        self._namespace("pid:[4026532501]")

    def on_the_host(self, cgroup: str) -> None:
        """No namespace; the kernel's threads can be seen."""
        self.write("proc/self/cgroup", cgroup)
        self.write("proc/2/comm", "kthreadd\n")
        self._namespace(HOSTS_NAMESPACE)

    def frequencies(self, khz: Sequence[int], base: str, base_khz: int) -> None:
        """Current frequency of each CPU, and the file that tells which is the full one."""
        for cpu, current in enumerate(khz):
            folder = f"sys/devices/system/cpu/cpu{cpu}"
            self.write(f"{folder}/cpufreq/scaling_cur_freq", f"{current}\n")
            self.write(f"{folder}/{base}", f"{base_khz}\n")

    def read(self) -> Reading:
        return self.probe.read(self.sensor)

    def over(self, duration_s: int, **seconds: int) -> Reading:
        """The second of two readings that lie so far apart."""
        self.read()
        self.clock.advance(duration_s * SECOND)
        self.spend(**seconds)
        return self.read()

    def _namespace(self, name: str) -> None:
        link = self.procfs / "self" / "ns" / "pid"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(name)
