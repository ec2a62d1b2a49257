"""How often a counter moves: watched, not assumed.

It differs by device (20 ms on V100 and P100, 100 ms on A100 and H100; "Part-time
Power Measurements", arXiv 2312.02741), and what a counter has not shown yet at the edge of a
window is an error of that window.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from joulebook.clock import Clock
from joulebook.errors import ProbeError

K = TypeVar("K", bound=Hashable)

#: The longest period published for a GPU, µs: assumed where none was seen.
LONGEST_PUBLISHED_US = 100_000
#: Time between two looks, µs: a tenth of the shortest published period.
LOOK_US = 2_000
#: Looks at most: three periods of the longest published kind and some room, 350 ms in all.
MOST_LOOKS = 175
# Two moves bound one whole period.
_MOVES = 2


def watch(
    counters: Mapping[K, Callable[[], int]], clock: Clock, pause: Callable[[int], object]
) -> dict[K, int]:
    """Watch several counters at once until each has moved twice, 350 ms at most.

    Args:
        counters: How to read each one.
        clock: Where durations come from.
        pause: Waits for so many µs.

    Returns:
        The update period of each counter, µs.
    """
    last: dict[K, int | None] = {key: _look(read) for key, read in counters.items()}
    moves: dict[K, list[int]] = {key: [] for key in counters}
    start_us = clock.monotonic_us()
    for _ in range(MOST_LOOKS):
        open_keys = [key for key in counters if len(moves[key]) < _MOVES]
        if not open_keys:
            break
        pause(LOOK_US)
        for key in open_keys:
            value = _look(counters[key])
            if value is not None and value != last[key]:
                moves[key].append(clock.monotonic_us())
                last[key] = value
    return _periods(moves, clock.monotonic_us() - start_us)


def _look(read: Callable[[], int]) -> int | None:
    try:
        return read()
    except ProbeError:
        return None  # a look that failed tells nothing; `read` of the probe will say why


def _periods(moves: Mapping[K, Iterable[int]], watched_us: int) -> dict[K, int]:
    """Time between two moves; where there were not two, the longest that is plausible."""
    periods = {}
    for key, times in moves.items():
        seen = list(times)
        if len(seen) == _MOVES and seen[1] > seen[0]:
            periods[key] = seen[1] - seen[0]
        else:
            periods[key] = max(LONGEST_PUBLISHED_US, watched_us)
    return periods
