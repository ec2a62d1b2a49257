"""Out of the process: first into the spool, then, where a server is named, to it."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import SpoolError
from joulebook.metering.assemble import Entry, assemble
from joulebook.metering.complaints import Complaints
from joulebook.metering.guard import harmless, log
from joulebook.metering.unwritten import Unkept, Unwritten
from joulebook.probes.protocol import Sensor
from joulebook.shipping.backoff import Backoff
from joulebook.shipping.sender import Sender
from joulebook.shipping.shipper import Shipped, ship
from joulebook.shipping.skew import Skew
from joulebook.shipping.spool import Spool
from joulebook.wire import Agent, Batch, Host

#: Batches between two looks at what is left.
SHIP_AT_ONCE = 50
#: The longest that the end of a process waits for a round under way, s.
EXIT_S = 2.0
#: After a failure a tracker sends nothing for this long at least, s: a function that is tracked
#: a thousand times must not wait a thousand times for a server that does not answer.
PAUSE_S = 30.0
#: A disk that is full, takes a little and is full again has one complaint; what was not heard of
#: for so long, µs, is news.
QUIET_US = 600 * US_PER_S
_LOSING = (
    "the disk has taken nothing for too long: what waited longest is lost; how much, each device "
    "tells once the disk takes something"
)


class Outbox:
    """Keeps every entry durable, and sends what waits.

    Args:
        spool: The local store.
        sender: Connection to the server; None where none is configured.
        host: This host's record.
        sensors: Every sensor found.
        version: Version of joulebook.
        clock: Source of time for the limit on sending.
        role: ``tracker`` or ``agent``.
        pause_s: Length of the first pause after a failure, s; see `Backoff` for those that
            follow. A tracker pauses that long at least, an agent at most.
        skew: What the sender hears of the server's clock.
        draw: Chance for the pauses, from 0 up to 1; Python's own where it is left out.
    """

    def __init__(  # noqa: PLR0913 - all of it goes into each batch
        self,
        spool: Spool,
        sender: Sender | None,
        *,
        host: Host,
        sensors: Sequence[Sensor],
        version: str,
        clock: Clock,
        role: str = "tracker",
        pause_s: float = PAUSE_S,
        skew: Skew | None = None,
        draw: Callable[[], float] | None = None,
    ) -> None:
        self.spool = spool
        self.sender = sender
        self.last: Shipped | None = None
        self.unwritten = Unwritten()
        self.problem: str | None = None
        self._complaints = Complaints()
        self._stretch_ends_us = 0
        self._noticed: str | None = None
        self._told: Mapping[str, str] | None = None
        self._host = host
        self.sensors = sensors
        self._version = version
        self._clock = clock
        self._role = role
        self._skew = skew or Skew()
        self._backoff = Backoff(pause_s, least_s=pause_s if role == "tracker" else 0.0, draw=draw)
        self._thread: threading.Thread | None = None
        self._not_before_us = clock.monotonic_us()

    def keep(self, entry: Entry) -> bool:
        """As `put`, for one who comes again with every window: a full disk is said once.

        Returns:
            Whether all is on disk; False where something waits in memory, and `problem` says why.
        """
        now_us = self._clock.monotonic_us()
        if now_us >= self._stretch_ends_us:
            self._complaints.restart()
            self._stretch_ends_us = now_us + QUIET_US
        try:
            self.put(entry)
        except SpoolError as error:
            self._complaints.hear(f"windows wait in memory: {error}")
        if self.unwritten.losing:
            self._complaints.hear(_LOSING)
        return not self.unwritten

    def put(self, entry: Entry) -> None:
        """Write one batch; it survives a crash once this returns.

        One without windows and jobs is kept if it is the first, or tells of another problem
        than the last: so a host that nobody can read is known, and why.

        What the disk refuses is held in memory, in order, and tried again with the next one.

        Raises:
            SpoolError: The spool cannot be written now; nothing is lost while we live.
        """
        self.unwritten.make_room()
        batch = self._batch(entry)
        if self._tells(batch):
            self.unwritten.add(batch, entry.marks)
        try:
            while self.unwritten:
                self._write(self.unwritten.first)
                self.unwritten.written()
        except SpoolError as error:
            self.problem = str(error)
            raise
        self.problem = None

    def _batch(self, entry: Entry) -> Batch:
        """All of a batch but what the spool knows: its number, and the ids of agent and epoch."""
        problems = dict(entry.problems)
        for uid, lost in self.unwritten.lost.items():
            problems[uid] = f"{problems[uid]}; {lost}" if uid in problems else lost
        return assemble(
            replace(entry, problems=problems),
            agent=Agent("", "", self._role, self._version),
            seq=0,
            host=self._host,
            sensors=self.sensors if entry.sensors is None else entry.sensors,
        )

    def _tells(self, batch: Batch) -> bool:
        """Whether it says anything that is not known yet."""
        problems = {one.uid: one.problem for one in batch.devices if one.problem}
        told, self._told = self._told, problems
        return bool(batch.meters.device or batch.jobs) or problems != told

    def _write(self, unkept: Unkept) -> None:
        batch = unkept.batch

        def build(agent_id: str, epoch: str, seq: int) -> Batch:
            return replace(batch, agent=replace(batch.agent, id=agent_id, epoch=epoch), seq=seq)

        self.spool.append(build, unkept.marks)
        if self.spool.notice not in (None, self._noticed):
            self._noticed = self.spool.notice
            log.warning("joulebook: %s", self._noticed)

    def ship(self, wait_s: float = 0.0) -> None:
        """Send what waits, on a thread of its own: a slow server holds up nobody.

        What is not acknowledged stays in the spool. While one round is under way no other is
        started, and after a failure none for a while.

        Args:
            wait_s: Wait at most this long for the outcome, s.
        """
        if self.sender is None or self._clock.monotonic_us() < self._not_before_us:
            return
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(
                target=self._ship_all, args=(self.sender,), name="joulebook-ship", daemon=True
            )
            self._thread.start()
            self._thread.join(wait_s)

    @property
    def window_us(self) -> int | None:
        """Length of window that the server asked for last, µs; None if it has not answered."""
        return self.last.window_us if self.last else None

    @property
    def skew_us(self) -> int | None:
        """How far the server's clock is ahead of ours, µs, to a second or so; None if not known."""
        return self._skew.us

    @property
    def shipping(self) -> bool:
        """Whether a round is under way."""
        return self._thread is not None and self._thread.is_alive()

    def kept(self) -> str:
        """Where the batches are, in words."""
        if self.unwritten:
            return f"NOT KEPT, {self.problem}"
        if self.sender is None:
            return f"kept in {self.spool.path}"
        if self.shipping:
            return f"kept in {self.spool.path}, being sent to {self.sender.url}"
        if self.last is not None and self.last.refused:
            return f"refused by {self.sender.url}, see joulebook doctor"
        if self.last is None or self.last.left or self.last.problem:
            reason = self.last.problem if self.last else "not tried yet"
            return f"kept in {self.spool.path}, not sent yet: {reason}"
        return f"sent to {self.sender.url}"

    def finish(self) -> None:
        """Before the process ends: give the round under way a moment; the rest stays spooled."""
        if self._thread is not None:
            self._thread.join(EXIT_S)
        with harmless("sending"):
            if not self.shipping and self.spool.count():
                self.ship(EXIT_S)

    def _ship_all(self, sender: Sender) -> None:
        with harmless("sending"):
            while True:
                self.last = ship(self.spool, sender, limit=SHIP_AT_ONCE)
                self._hold_off(self.last)
                if (warning := self._skew.warning(sender.url)) is not None:
                    log.warning("joulebook: %s", warning)
                if self.last.problem or not self.last.left:
                    return

    def _hold_off(self, done: Shipped) -> None:
        """Pause after a failure; a batch that the server took or refused is a success."""
        if done.sent or done.refused:
            self._backoff.succeeded()
        if done.problem:
            pause_s = self._backoff.failed(done.retry_after_s)
            self._not_before_us = self._clock.monotonic_us() + int(pause_s * US_PER_S)
