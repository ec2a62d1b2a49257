"""Pods that somebody asked for and nobody knows yet."""

from dataclasses import dataclass

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S

#: How long a pod is waited for while nobody answers, µs: two of the longest pauses of a source.
PATIENCE_US = 600 * US_PER_S
#: An answer may have been under way, or be some seconds old, when the pod was first asked for.
_ANSWERS = 2
_FIRST_PAUSE_US = 4 * US_PER_S
_HURRIES = 4  # one that nobody knows by then may stay unknown
_REMEMBERED = 4096


@dataclass(slots=True)
class _Pod:
    since_us: int
    answers: int
    due_us: int
    hurried: int = 0


class Missed:
    """Remembers since when each is missing, and how often somebody answered meanwhile.

    Args:
        clock: Source of time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pods: dict[str, _Pod] = {}
        self._answers = 0

    def answered(self) -> None:
        """Somebody told all the pods that he knows."""
        self._answers += 1

    def asked(self, uid: str) -> bool:
        """A pod is asked for that is not known.

        Returns:
            Whether that is a reason to hurry: a few times, at longer and longer intervals.
        """
        now_us = self._clock.monotonic_us()
        pod = self._pods.get(uid)
        if pod is None:
            if len(self._pods) >= _REMEMBERED:
                del self._pods[next(iter(self._pods))]
            pod = self._pods[uid] = _Pod(now_us, self._answers, now_us)
        if pod.hurried == _HURRIES or now_us < pod.due_us:
            return False
        pod.due_us = now_us + (_FIRST_PAUSE_US << pod.hurried)
        pod.hurried += 1
        return True

    def found(self, uid: str) -> None:
        """It is known."""
        self._pods.pop(uid, None)

    def waits(self, uid: str) -> bool:
        """Whether the answer that tells of it may still be to come."""
        pod = self._pods.get(uid)
        if pod is None or self._clock.monotonic_us() - pod.since_us >= PATIENCE_US:
            return False
        return self._answers - pod.answers < _ANSWERS
