"""Signals of `joulebook run` are its command's: before there is one, while it runs and after."""

import contextlib
import os
import signal
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
#: The terminal sends these to all of its foreground processes by itself.
_OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT)
_ALL = (*_FORWARDED, *_OF_TERMINAL)


class Forwarding:
    """Passes signals on to a command; none of them ends us, from here on to the last line.

    One that comes before there is a command waits for it. One that comes after its end is for
    nobody: the exit code is the command's, also while its last window is being sent.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        for number in _ALL:
            # What is ignored, as under nohup, the command is to find ignored: that ends nobody.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._forward)

    def to(self, child: "subprocess.Popen[bytes]") -> None:
        """Signals go to this command from here on, those that waited first."""
        self._child = child
        for number in _ALL:
            signal.signal(number, self._forward)
        while self._early:
            self._send(child, self._early.pop(0))

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        if self._child is None:
            self._early.append(number)
        elif not (number in _OF_TERMINAL and _in_foreground()):
            self._send(self._child, number)

    def _send(self, child: "subprocess.Popen[bytes]", number: int) -> None:
        with contextlib.suppress(OSError):  # it is another user's by now, as under sudo
            child.send_signal(number)


def _in_foreground() -> bool:
    """Whether Ctrl-C in the terminal goes to this process, and so to its child as well."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False  # no terminal: whoever sent the signal sent it to us alone
