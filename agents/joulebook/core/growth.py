"""By how much counters grew that others keep."""

from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)

#: So many counters are followed; a name that changes all the time must not fill the memory.
MOST_COUNTERS = 10_000


class Growth(Generic[Key]):
    """Counters from look to look.

    A counter that went down began again at 0, and what it shows has passed since: the rule of
    Prometheus' ``increase``. A counter that is not seen for a while keeps its place: when it
    is seen again, what passed meanwhile counts. What a counter shows when it is first seen
    has passed before, unless the caller knows better.
    """

    def __init__(self) -> None:
        self._last: dict[Key, int] = {}

    def see(self, values: Mapping[Key, int], *, began: bool = False) -> dict[Key, int]:
        """Take in one look.

        Args:
            values: What the counters show, not negative.
            began: Whether a counter that was not seen before began after the last look.

        Returns:
            By how much each grew since it was last seen; those are left out that are seen for the
            first time and did not begin just now.
        """
        grown: dict[Key, int] = {}
        for key, value in values.items():
            before = self._last.get(key, 0 if began else None)
            if key not in self._last and len(self._last) >= MOST_COUNTERS:
                continue  # not followed: then it never counts twice
            if before is not None:
                grown[key] = value - before if value >= before else value
            self._last[key] = value
        return grown

    def begin_again(self) -> None:
        """All counters begin at 0 now: whatever keeps them started anew."""
        self._last = dict.fromkeys(self._last, 0)
