"""What was recorded, done again.

Everything that a window depends on passes through the tape, and the sampler is the same in both. So
a recording gives the same windows and parts again, to the byte, or names the first difference.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulebook.clock import ManualClock
from joulebook.discovery.processes import ProcessTable
from joulebook.errors import InvalidInput
from joulebook.metering.player import Player
from joulebook.metering.recording import (
    ADOPT,
    CUT,
    RESERVE,
    SAMPLE,
    START,
    STOP,
    WINDOWS,
    taped_cpu,
    told,
)
from joulebook.metering.sampler import Sampler
from joulebook.metering.tape import line_of
from joulebook.metering.taped import TapedClock, TapedProbe, TapedTable, with_tuples
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Probe, Sensor


@dataclass(frozen=True, slots=True)
class Replayed:
    """One cut, done again.

    Attributes:
        line: Number of the line that holds what was recorded.
        recorded: The windows of the recording.
        computed: What they come to now.
        same: Whether both are the same bytes.
    """

    line: int
    recorded: Sequence[dict[str, Any]]
    computed: Sequence[dict[str, Any]]
    same: bool


class Replay:
    """Does again what was recorded.

    Args:
        player: The recording.
    """

    def __init__(self, player: Player) -> None:
        self._player = player
        # Nobody asks these: the recording answers in their place.
        clock, table = ManualClock(), ProcessTable(Path("/proc"))
        self._nobody = MemoryProbe(clock, {})
        self._sampler = Sampler(
            TapedClock(player, clock),
            [],
            TapedTable(player, table),
            taped_cpu(player, table.host_cpu),
        )
        self._probes: dict[int, TapedProbe] = {}

    def cuts(self) -> Iterator[Replayed]:
        """Each cut, as it is recorded and as it comes out now.

        Raises:
            InvalidInput: The recording is damaged, or asks for what is not in it.
        """
        while not self._player.ended:
            try:
                done = self._step()
            except InvalidInput:
                raise
            except (TypeError, ValueError, LookupError, AttributeError) as error:
                raise self._player.damaged(f"this cannot be played: {error}") from error
            finally:
                self._player.check()
            if done is not None:
                yield done

    def _step(self) -> Replayed | None:
        what = self._player.what()
        # Between two steps, somebody asked the sampler what time it was.
        if what == "monotonic":
            self._sampler.timeline.now()
        elif what == "wall":
            self._sampler.timeline.label(0)
        else:
            return self._do(what, self._player.take()[1][2])
        return None

    def _do(self, what: str, about: Any) -> Replayed | None:  # noqa: ANN401 - JSON
        if what == CUT:
            return self._cut(about)
        if what == ADOPT:
            self._sampler.adopt([self._pair(*one) for one in about])
        elif what == START:
            self._sampler.start(about)
        elif what == SAMPLE:
            self._sampler.sample()
        elif what == RESERVE:
            self._sampler.reserve(about)
        elif what == STOP:
            self._sampler.stop()
        else:
            raise self._player.damaged(f"nobody asks for {what} here")
        return None

    def _cut(self, roots: Sequence[int]) -> Replayed:
        computed = told(self._sampler.cut(roots))
        self._player.check()
        line, entry = self._player.take()
        if entry[0] != WINDOWS:
            raise self._player.damaged(f"windows belong here, and {entry[0]} was recorded")
        same = line == line_of(WINDOWS, None, computed)
        return Replayed(self._player.number, entry[2], computed, same)

    def _pair(self, number: int, sensor: dict[str, Any]) -> tuple[Sensor, Probe]:
        probe = self._probes.setdefault(number, TapedProbe(self._player, number, self._nobody))
        return Sensor(**with_tuples(sensor)), probe
