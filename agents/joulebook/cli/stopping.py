"""Being asked to stop, without a signal handler: one could run while we hold a lock it needs."""

import signal

#: Who asks: Ctrl-C, a service manager, a terminal that closes.
ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Waits for a signal in the main thread; made before any thread is started.

    The signals are blocked from here on, in every thread that comes, and taken one at a time. Once
    one was taken they act as ever, so a second Ctrl-C ends what hangs while it stops.
    """

    def __init__(self) -> None:
        self._asked = False
        # What is ignored, as under nohup, stays ignored.
        self._numbers = {one for one in ASKING if signal.getsignal(one) != signal.SIG_IGN}
        signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)

    def wait(self, within_s: float) -> bool:
        """Whether somebody asked, before the time was up or earlier."""
        if not self._asked and signal.sigtimedwait(self._numbers, within_s) is not None:
            self._asked = True
            signal.pthread_sigmask(signal.SIG_UNBLOCK, self._numbers)
        return self._asked
