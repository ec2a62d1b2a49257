"""Whether the agent does what it is there for, and why not."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from joulebook.core.units import US_PER_S

#: Windows that may be missing before it is said.
WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Vitals:
    """What an agent tells of itself, beside its windows; each is asked from any thread.

    Attributes:
        window_us: Tells how long a window is now, µs.
        problems: Tells what else fails now, each in a sentence.
    """

    window_us: Callable[[], int]
    problems: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, slots=True)
class Health:
    """The verdict.

    Attributes:
        problems: Why the agent is not well, each in a sentence; none where it is.
        silent_us: How long ago the last window came, µs; before the first, since the start.
        window_us: How long a window is now, µs.
    """

    problems: tuple[str, ...]
    silent_us: int
    window_us: int

    @property
    def well(self) -> bool:
        """Whether windows come and are kept, and jobs are looked for."""
        return not self.problems

    def text(self, version: str) -> bytes:
        """The verdict as one line of JSON."""
        told = {
            "status": "ok" if self.well else "failing",
            "problems": self.problems,
            "last_window_age_s": self.silent_us / US_PER_S,
            "window_s": self.window_us / US_PER_S,
            "version": version,
        }
        return json.dumps(told).encode() + b"\n"


def judge(
    silent_us: int,
    window_us: int,
    spool_problem: str | None,
    others: Sequence[str] = (),
    *,
    begun: bool,
) -> Health:
    """The verdict over an agent.

    Args:
        silent_us: How long ago the last window came, µs; before the first, since the start.
        window_us: How long a window is, µs.
        spool_problem: Why windows cannot be kept; None where they can.
        others: What else fails, each in a sentence.
        begun: Whether any window came.
    """
    problems = []
    if silent_us >= WINDOWS * window_us:
        since = "the last window came" if begun else "the agent started, and no window came yet,"
        problems.append(
            f"{since} {silent_us / US_PER_S:.0f} s ago: no device can be read (joulebook doctor), "
            "or the agent hangs"
        )
    if spool_problem is not None:
        problems.append(f"what is measured cannot be kept: {spool_problem}")
    return Health((*problems, *others), silent_us, window_us)
