"""Runs a command that does not outlive its parent: ``python -I -S tether.py PARENT COMMAND...``.

Whoever kills `joulebook up` with SIGKILL gives it no chance to stop its children. So the kernel
does: when the parent is gone, it sends SIGTERM to each process that asked for it
(PR_SET_PDEATHSIG, prctl(2)), and the request outlasts execve. The other way, a pipe on stdin that
closes, would need a thread in every child to read it. The child asks for itself, here, because
code that `subprocess` runs between fork and exec is not safe in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(parent: int, command: list[str]) -> None:
    """Become the command, unless the parent is gone already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606 - our own modules


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
