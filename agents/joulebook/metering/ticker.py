"""Does something again and again on a thread of its own, until told to stop."""

import threading
from collections.abc import Callable

from joulebook.metering.guard import Recurring


class Ticker:
    """A daemon thread; what goes wrong in one round is logged, and the next one comes.

    Args:
        work: What to do.
        wait_s: Time before the next round, s, asked before each.
    """

    def __init__(self, work: Callable[[], object], wait_s: Callable[[], float]) -> None:
        self._work = work
        self._wait_s = wait_s
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin; the first round comes after the first wait."""
        self._stop = threading.Event()
        threading.Thread(
            target=self._run, args=(self._stop,), name="joulebook", daemon=True
        ).start()

    def stop(self) -> None:
        """No round begins after this; one under way ends by itself."""
        self._stop.set()

    def _run(self, stop: threading.Event) -> None:
        sampling = Recurring("sampling")
        while not stop.wait(self._wait_s()):
            with sampling:
                self._work()
