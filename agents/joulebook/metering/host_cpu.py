"""CPU time of what the CPU's energy stands for: the machine, or a container's limit."""

import os
from collections.abc import Callable

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.discovery.processes import CpuTimes, ProcessTable
from joulebook.probes.estimate.quota import MILLI, Quota


class HostCpu:
    """Tells busy and whole CPU time.

    Where the CPU is estimated inside a container that cannot see its host, the estimate stands for
    as many CPUs as the container may use; so must the whole that shares are taken of.

    Args:
        table: The processes, and the CPU time of the machine.
        clock: Source of time.
        quota: The limit to which the estimate is cut; None where there is none.
    """

    def __init__(
        self, table: ProcessTable, clock: Clock, quota: Callable[[], Quota | None]
    ) -> None:
        self._table = table
        self._clock = clock
        self._quota = quota
        self._tick_us = US_PER_S // os.sysconf("SC_CLK_TCK")

    def __call__(self) -> CpuTimes:
        """CPU time so far, in clock ticks; differences of two calls count.

        Raises:
            ProbeError: It cannot be read.
        """
        quota = self._quota()
        if quota is None:
            return self._table.host_cpu()
        whole_us = self._clock.monotonic_us() * quota.millicpus // MILLI
        return CpuTimes(quota.busy_us() // self._tick_us, whole_us // self._tick_us)
