"""Who holds a GPU, and how much of its multiprocessors each used since the last look."""

from collections.abc import Iterable, Sequence

from joulebook.errors import Fatal, Retry
from joulebook.probes.nvml.errors import NoSamples
from joulebook.probes.nvml.library import Handle, Library, Process, Sample
from joulebook.probes.nvml.mig import GpuInstances, gpu_instances
from joulebook.probes.protocol import Holder


class Holders:
    """The processes of one device, look by look.

    Samples from before this object was made are not counted: the driver keeps a few seconds
    of them, and they belong to nobody's window.
    """

    def __init__(self, library: Library, handle: Handle) -> None:
        self._library = library
        self._handle = handle
        self._seen_us = 0
        self._new_samples()

    def look(self) -> Sequence[Holder] | None:
        """Processes on the device since the last look; None where nobody can tell.

        Raises:
            Retry: The driver was busy.
            Gone: The device left.
        """
        partitioned = self._library.is_partitioned(self._handle)
        try:
            processes = self._library.processes(self._handle)
        except Fatal:
            return None
        if partitioned:
            found = gpu_instances(self._library, self._handle) if processes else None
            return _in_instances(processes, found)
        return _merged(processes, self._new_samples())

    def _new_samples(self) -> list[Sample] | None:
        """Samples since the last time; None where the driver does not tell any."""
        try:
            samples = self._library.samples(self._handle, self._seen_us)
        except NoSamples:
            return []  # nvml.h: only processes that did something have one
        except (Fatal, Retry):
            return None  # the share then follows memory
        self._seen_us = max([self._seen_us, *(sample.at_us for sample in samples)])
        return samples


def _in_instances(processes: Sequence[Process], found: GpuInstances | None) -> list[Holder] | None:
    """Each process with the slices of its instance; None where one cannot be placed.

    The driver samples nobody's SM utilisation under MIG.
    """
    memory = _memory(processes)
    holders = []
    for process in processes:
        number = process.instance[0] if process.instance is not None else None
        slices = found.slices.get(number) if found is not None and number is not None else None
        if found is None or slices is None:
            return None
        place = (slices, found.whole)
        holders.append(Holder(process.pid, memory[process.pid], None, number, place))
    return sorted(holders, key=lambda holder: (holder.pid, holder.instance or 0))


def _merged(processes: Sequence[Process], samples: Iterable[Sample] | None) -> list[Holder]:
    """Present processes, and those that ended but were sampled since the last look."""
    memory = _memory(processes)
    if samples is None:
        return [Holder(pid, size) for pid, size in sorted(memory.items())]
    shares: dict[int, int] = dict.fromkeys(memory, 0)
    for sample in samples:
        shares[sample.pid] = shares.get(sample.pid, 0) + sample.sm_percent
    return [
        Holder(pid, memory_bytes=memory.get(pid, 0), sm_share=share)
        for pid, share in sorted(shares.items())
        if pid in memory or share
    ]


def _memory(processes: Sequence[Process]) -> dict[int, int]:
    """Memory by process; it counts only where it is known of all.

    A share by the known ones alone would leave nothing to the others.
    """
    known = all(process.memory_bytes is not None for process in processes)
    return {process.pid: (process.memory_bytes or 0) if known else 0 for process in processes}
