"""The agent's life: measure, listen, send, until told to stop."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from joulebook.agent.left_open import LeftOpen
from joulebook.agent.listener import Listener
from joulebook.metering.guard import Recurring, harmless
from joulebook.metering.span import Span
from joulebook.metering.station import Station

#: Time between two looks at whether the callers still live, s.
CHECK_S = 1.0
#: The longest that stopping waits for the server to take the last batches, s.
STOP_S = 5.0


class Aid(Protocol):
    """Something that works beside the measuring, on a thread of its own."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Come to an end; whether it was started or not."""


class Daemon:
    """Measures a host all day.

    Args:
        station: Sensors, spool and session.
        listener: Where trackers hand their spans over.
        left_open: Jobs of an agent before this one.
        find: Looks for jobs, given the open spans that were handed over; None: nobody does.
        aids: What works beside it on threads of its own.

    Attributes:
        looking: The guard around the looks for jobs.
    """

    def __init__(
        self,
        station: Station,
        listener: Listener,
        left_open: LeftOpen,
        find: Callable[[Collection[Span]], None] | None = None,
        aids: Sequence[Aid] = (),
    ) -> None:
        self._station = station
        self._find = find
        self._aids = aids
        self._listener = listener
        self._left_open = left_open
        self.looking = Recurring("looking for jobs")
        self._caring = Recurring("looking after the callers")
        self._settling = Recurring("ending what was left open")

    def problems(self) -> list[str]:
        """What of its rounds failed the last time, each in a sentence; for any thread."""
        rounds = (self.looking, self._caring, self._settling)
        return [one.problem for one in rounds if one.problem is not None]

    def run(self, stopped: Callable[[float], bool], ready: Callable[[], None]) -> None:
        """Measure until somebody asks to stop; the last window is on disk when this returns.

        Args:
            stopped: Waits for so many seconds; whether somebody asked.
            ready: Called once it measures and listens.

        Raises:
            AgentError: The socket cannot be used.
        """
        session, outbox = self._station.session, self._station.outbox
        with harmless("taking in what was left open"):
            self._left_open.start()
        self._listener.prepare()
        try:
            session.watch()  # before anybody hands a span over: what passed until now is no job's
            self._listener.start()
            for aid in self._aids:
                aid.start()
            self._look_after()
            ready()
            while not stopped(CHECK_S):
                self._look_after()
        finally:
            for aid in self._aids:
                with harmless("stopping what works beside"):
                    aid.stop()
            self._listener.close()
            session.close()
            outbox.ship(STOP_S)
            outbox.finish()
            self._station.rig.close()

    def _look_after(self) -> None:
        if self._find is not None:
            with self.looking:
                self._find(self._listener.spans())
        with self._caring:
            self._listener.check()
        with self._settling:
            self._left_open.check()
