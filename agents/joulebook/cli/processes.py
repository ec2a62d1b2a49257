"""Child processes of a command: started, watched, and stopped together."""

import importlib.util
import queue
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

from joulebook.cli.child import Child
from joulebook.clock import SystemClock
from joulebook.core.units import US_PER_S
from joulebook.errors import JoulebookError

#: The longest that a child may take to say that it is ready, s.
READY_S = 60.0
#: A signal that comes just before we begin to wait wakes nobody, and its handler runs only once we
#: do something: so we wait no longer than this at a time, s.
_LOOK_S = 0.5
#: Exit code of our commands after one line that says why.
FAILED = 1
_ASKING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class ChildError(JoulebookError):
    """A child cannot be run, was not ready in time, or ended while it was needed."""


class Asked(Exception):  # noqa: N818 - named by what it is
    """Somebody asked us to end."""


class Children:
    """Starts processes of our own modules; at the end of the block stops them, the last one first.

    For the main thread only, since it takes signals.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        # Woken by signals and by ready lines; `put` is safe in a signal handler.
        self._news: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._asked = False
        self._before: dict[signal.Signals, Any] = {}
        self._clock = SystemClock()

    def __enter__(self) -> Self:
        for number in _ASKING:
            if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
                self._before[number] = signal.signal(number, self._ask)
        self._before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: self._wake())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            killed = [child.name for child in reversed(self._children) if not child.stop()]
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler)
        if killed:
            raise ChildError(f"the {' and the '.join(killed)} did not end, and had to be killed")

    def start(
        self,
        name: str,
        words: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        announces: bool = True,
    ) -> Child:
        """Start a child; the arguments are those of `Child`."""
        child = Child(name, words, environment, announces=announces, wake=self._wake)
        self._children.append(child)
        return child

    def ready(self, child: Child) -> str:
        """Wait for its ready line; what stands there after "ready on".

        Raises:
            Asked: Somebody asked us to end.
            ChildError: It was not ready in time, or one that is needed ended.
            SystemExit: It ended with a line of its own that says why.
        """
        came = self._until(lambda: child.ready or child.code is not None, READY_S)
        if child.ready is not None:
            child.needed = True
            return child.ready
        if not came:
            raise ChildError(f"the {child.name} was not ready after {READY_S:g} s")
        if child.code == FAILED:
            raise SystemExit(FAILED)
        raise ChildError(f"the {child.name} did not start: {child.ending}")

    def finish(self, child: Child) -> int:
        """Wait until it ends by itself; its exit code.

        Raises:
            Asked: Somebody asked us to end.
            ChildError: One that is needed ended.
        """
        while (code := child.code) is None:
            self._until(lambda: child.code is not None)
        return code

    def watch(self) -> NoReturn:
        """Wait until somebody asks us to end.

        Raises:
            Asked: Somebody did.
            ChildError: One that is needed ended.
        """
        while True:
            self._until(lambda: False)

    def _until(self, done: Callable[[], object], within_s: float | None = None) -> bool:
        """Whether it came to be before the time was up."""
        start_us = self._clock.monotonic_us()
        while not done():
            self._check()
            left_s = _LOOK_S
            if within_s is not None:
                passed_s = (self._clock.monotonic_us() - start_us) / US_PER_S
                left_s = min(left_s, within_s - passed_s)
            if left_s <= 0:
                return False
            with suppress(queue.Empty):
                self._news.get(timeout=left_s)
        return True

    def _check(self) -> None:
        if self._asked:
            raise Asked
        for child in self._children:
            if child.needed and child.code is not None:
                raise ChildError(
                    f"the {child.name} ended by itself: {child.ending}; the rest was stopped"
                )

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
        self._wake()

    def _wake(self) -> None:
        self._news.put(None)


def require(modules: Sequence[str], extra: str) -> None:
    """Refuse where a module that a child needs is not installed.

    Raises:
        ChildError: Which ones, and the command that installs them.
    """
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise ChildError(
            f"{', '.join(missing)} not installed; run: pip install 'joulebook[{extra}]'"
        )
