"""Out of the process: first into the spool, then, where a server is named, to it."""

import threading
from collections.abc import Sequence

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.errors import SpoolError
from joulebook.metering.assemble import Entry, assemble
from joulebook.probes.protocol import Sensor
from joulebook.shipping.http import Sender
from joulebook.shipping.shipper import Shipped, ship
from joulebook.shipping.spool import Spool
from joulebook.tracking.guard import log
from joulebook.wire import Agent, Batch, Host

#: Batches sent in one go by the background thread; the rest waits for the next window.
SHIP_AT_ONCE = 50
#: After a failure nothing is sent for this long, s: a function that is tracked a thousand times
#: must not wait a thousand times for a server that does not answer.
PAUSE_S = 30.0


class Outbox:
    """Keeps every entry durable, and sends what waits.

    Args:
        spool: The local store.
        sender: Connection to the server; None where none is configured.
        host: This host's record.
        sensors: Every sensor found.
        version: Version of joulebook.
        clock: Source of time for the limit on sending.
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
    ) -> None:
        self.spool = spool
        self.sender = sender
        self.last: Shipped | None = None
        self.unwritten: list[Entry] = []
        self.problem: str | None = None
        self._noticed: str | None = None
        self._host = host
        self._sensors = sensors
        self._version = version
        self._clock = clock
        self._shipping = threading.Lock()
        self._not_before_us = clock.monotonic_us()

    def put(self, entry: Entry) -> None:
        """Write one batch; it survives a crash once this returns.

        What the disk refuses is held in memory, in order, and tried again with the next one.

        Raises:
            SpoolError: The spool cannot be written now; nothing is lost while we live.
        """
        if entry.booked or entry.jobs:
            self.unwritten.append(entry)
        try:
            while self.unwritten:
                self._write(self.unwritten[0])
                del self.unwritten[0]
        except SpoolError as error:
            self.problem = str(error)
            raise
        self.problem = None

    def _write(self, entry: Entry) -> None:
        def build(agent_id: str, epoch: str, seq: int) -> Batch:
            agent = Agent(agent_id, epoch, "tracker", self._version)
            return assemble(entry, agent=agent, seq=seq, host=self._host, sensors=self._sensors)

        self.spool.append(build)
        if self.spool.notice not in (None, self._noticed):
            self._noticed = self.spool.notice
            log.warning("joulebook: %s", self._noticed)

    def ship(self, limit_s: float | None) -> None:
        """Send what waits; the outcome is in `last`. What is not acknowledged stays.

        Args:
            limit_s: Stop after this many seconds; None for one round of `SHIP_AT_ONCE`.
        """
        if self.sender is None or self._clock.monotonic_us() < self._not_before_us:
            return
        if not self._shipping.acquire(timeout=limit_s or 0.0):
            return
        try:
            self.last = ship(self.spool, self.sender, limit=1 if limit_s else SHIP_AT_ONCE)
            until_us = self._clock.monotonic_us() + int((limit_s or 0) * US_PER_S)
            while self.last.left and not self.last.problem:
                if self._clock.monotonic_us() >= until_us:
                    break
                self.last = ship(self.spool, self.sender, limit=1)
            if self.last.problem:
                wait_s = max(self.last.retry_after_s or 0.0, PAUSE_S)
                self._not_before_us = self._clock.monotonic_us() + int(wait_s * US_PER_S)
        finally:
            self._shipping.release()
