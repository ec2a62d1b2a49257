"""CPU time of the whole machine, from ``/proc/stat``.

The kernel writes the whole file at every look: a line per CPU, and the counts of all interrupts.
We hold the descriptor and take no more than the first line; lines are counted only when asked.
"""

import os
from pathlib import Path

from joulebook.core.units import US_PER_S
from joulebook.errors import Retry

# Columns of the "cpu" line (proc_stat(5)). Guest time is in user and nice already; time that
# was stolen is another machine's and burned no power here on our behalf.
_BUSY = (0, 1, 2, 5, 6)
_ALL = 8
_FIRST_LINE = 512
_WHOLE = 1 << 22


class ProcStat:
    """Busy time of all CPUs together.

    Args:
        procfs_root: The procfs tree, usually ``/proc``.
    """

    def __init__(self, procfs_root: Path) -> None:
        self.path = procfs_root / "stat"
        self.tick_us = US_PER_S // os.sysconf("SC_CLK_TCK")
        self._file: int | None = None

    def busy_us(self) -> int:
        """CPU time spent running anything since boot, µs, summed over all CPUs.

        Raises:
            Retry: The file cannot be read or understood.
        """
        words = self._read(_FIRST_LINE).partition(b"\n")[0].split()
        ticks = [int(word) for word in words[1:] if word.isdigit()]
        if words[:1] != [b"cpu"] or len(ticks) != len(words) - 1 or len(ticks) < _ALL:
            raise Retry(f"{self.path} has no line of CPU times that could be understood")
        if not any(ticks):  # some sandboxes show zeros: that is no idle machine
            raise Retry(f"{self.path} counts no CPU time at all; is this a sandbox?")
        return sum(ticks[column] for column in _BUSY) * self.tick_us

    def cpus(self) -> int:
        """How many logical CPUs are online.

        Raises:
            Retry: The file cannot be read, or shows none.
        """
        lines = self._read(_WHOLE).splitlines()
        count = sum(line.startswith(b"cpu") and line[3:4].isdigit() for line in lines)
        if not count:
            raise Retry(f"{self.path} has no line of CPU times that could be understood")
        return count

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _read(self, size: int) -> bytes:
        try:
            if self._file is None:
                self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            return os.pread(self._file, size, 0)
        except OSError as error:
            self.close()
            raise Retry(f"{self.path} cannot be read: {error.strerror}") from error
