"""Who holds a GPU, and how much of its multiprocessors each used since the last look."""

from collections.abc import Iterable, Sequence

from joulebook.errors import Fatal, Retry
from joulebook.probes.nvml.errors import NoSamples
from joulebook.probes.nvml.library import Handle, Library, Process, Sample
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
        if self._library.is_partitioned(self._handle):
            return None  # under MIG the driver does not say who used which slice
        try:
            processes = self._library.processes(self._handle)
        except Fatal:
            return None
        return _merged(processes, self._new_samples())

    def _new_samples(self) -> list[Sample]:
        """Samples since the last time; none where the driver has or tells none."""
        try:
            samples = self._library.samples(self._handle, self._seen_us)
        except (NoSamples, Fatal, Retry):
            return []  # the share then follows memory, as attribution does without samples
        self._seen_us = max([self._seen_us, *(sample.at_us for sample in samples)])
        return samples


def _merged(processes: Sequence[Process], samples: Iterable[Sample]) -> list[Holder]:
    """Present processes, and those that ended but were sampled since the last look.

    Memory counts only where it is known of all: a share by the known ones alone would leave
    nothing to the others.
    """
    known = all(process.memory_bytes is not None for process in processes)
    memory = {process.pid: process.memory_bytes or 0 for process in processes}
    shares: dict[int, int] = dict.fromkeys(memory, 0)
    for sample in samples:
        shares[sample.pid] = shares.get(sample.pid, 0) + sample.sm_percent
    return [
        Holder(pid, memory_bytes=memory.get(pid, 0) if known else 0, sm_share=share)
        for pid, share in sorted(shares.items())
        if pid in memory or share
    ]
