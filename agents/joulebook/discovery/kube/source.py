"""A source that is asked again and again, less often while it does not answer."""

from collections.abc import Callable
from typing import Generic, TypeVar

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.discovery.kube.unanswered import Unanswered

_FIRST_PAUSE_US = 5 * US_PER_S
_LONGEST_PAUSE_US = 300 * US_PER_S
#: Between two questions, µs, however much somebody hurries.
_GAP_US = 2 * US_PER_S
Answer = TypeVar("Answer")


class Source(Generic[Answer]):
    """Keeps the last answer.

    Args:
        ask: Asks once.
        every_us: Time between two questions, µs.
        clock: Source of time.
        complain: Is told of a failure, once until the source answers again.
        draw: A number from 0 up to 1 by chance: the nodes of a cluster must not all come back
            at one moment.
    """

    def __init__(
        self,
        ask: Callable[[], Answer],
        every_us: int,
        clock: Clock,
        complain: Callable[[str], None],
        draw: Callable[[], float],
    ) -> None:
        self.last: Answer | None = None
        self._ask = ask
        self._every_us = every_us
        self._clock = clock
        self._complain = complain
        self._draw = draw
        self._pause_us = 0
        self._asked_us = self._due_us = clock.monotonic_us()

    @property
    def wait_us(self) -> int:
        """Time until the next question is due, µs."""
        return max(0, self._due_us - self._clock.monotonic_us())

    def look(self) -> bool:
        """Ask if it is due; whether there is a new answer. What was known stays without one."""
        if self.wait_us:
            return False
        try:
            self.last = self._ask()
        except Unanswered as error:
            self._failed(str(error))
            return False
        except Exception as error:  # noqa: BLE001 - a fault of ours; the next answer may be another
            self._failed(f"looking for pods failed: {type(error).__name__}: {error}")
            return False
        self._pause_us = 0
        self._next(self._every_us)
        return True

    def hurry(self) -> None:
        """Somebody waits for an answer; one that fails is not asked any sooner for it."""
        if not self._pause_us:
            self._due_us = min(self._due_us, self._asked_us + _GAP_US)

    def _failed(self, why: str) -> None:
        if not self._pause_us:
            self._complain(why)
        self._pause_us = min(2 * self._pause_us or _FIRST_PAUSE_US, _LONGEST_PAUSE_US)
        self._next(round(self._pause_us * (1 + self._draw()) / 2))

    def _next(self, after_us: int) -> None:
        self._asked_us = self._clock.monotonic_us()
        self._due_us = self._asked_us + after_us
