"""What the inference servers that a command started did, as work of the command's own run."""

import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from joulebook.clock import Clock
from joulebook.core.families import families
from joulebook.core.units import format_energy
from joulebook.discovery.processes import ProcessTable
from joulebook.discovery.serving.declared import Around, DeclaredWork
from joulebook.discovery.serving.watch import PAGE_S, ServerSeen, ServingWatch
from joulebook.metering.ticker import Ticker
from joulebook.probes.exporter.http import get
from joulebook.settings import Settings

#: Time between two looks, s: what is done after the last one before a server ends is missing, and
#: a command may be over in a minute.
LOOK_S = 2.0
_MANY = 1_000
_NOT_OURS = "this command did not start who listens there"
_NOTHING_YET = "the command ended before a page was read"


class Measured(Protocol):
    """The run of a command, as far as it is needed here."""

    @property
    def uid(self) -> str:
        """Global id of its job."""

    def log(self, *, work: Mapping[str, float], quality: Mapping[str, float]) -> None:
        """Note units of work and scores."""


class Served:
    """Follows the servers that a command starts, from their first page to their last.

    A server is the command's where its process is below this one. Another `joulebook run` in
    between is part of this run, and counts the same for itself.

    Args:
        run: The run that gets the work.
        watch: Reads the pages.
        table: The host's processes.
        clock: Source of time.
        asked: Whether the pages were named for this command, so that it is said if none was its.
    """

    def __init__(
        self,
        run: Measured,
        watch: ServingWatch,
        table: ProcessTable,
        clock: Clock,
        *,
        asked: bool,
    ) -> None:
        self._run = run
        self._watch = watch
        self._table = table
        self._around = [Around(run.uid, clock.monotonic_us())]
        self._work = DeclaredWork()
        self._kin: dict[int, tuple[int, int]] = {}
        self._told: dict[str, int] = {}
        self._why: dict[str, str] = {}
        self._ticker = Ticker(self.look, lambda: LOOK_S)
        self._guard = threading.Lock()
        self._over = False
        self._asked = asked

    def expect(self) -> None:
        """A server that comes after this counts from 0; to be called before the command starts."""
        self._watch.expect()

    def start(self) -> None:
        """Look again and again, on a thread of its own."""
        self._ticker.start()

    def stop(self) -> None:
        """The command ended: nothing is logged after this."""
        self._ticker.stop()
        with self._guard:
            self._over = True

    def look(self) -> None:
        """Read all pages once, and log what came since the last time."""
        self._watch.look()
        with self._guard:
            if not self._over:
                self._take(self._watch.seen())

    def line(self, title: str, energy_uj: int | None) -> str | None:
        """What was done, or why nothing was counted, in one line for people.

        Args:
            title: What the run is called.
            energy_uj: Energy of the run, µJ; None where nobody knows.

        Returns:
            None where no server was the command's, and nobody asked for one.
        """
        if self._told:
            texts = [_text(unit, amount, energy_uj) for unit, amount in self._told.items()]
            return f"joulebook: {title}: {' · '.join(texts)}"
        if not self._asked:
            return None
        return f"joulebook: {title}: served nothing that was counted: {self._reason()}"

    def _reason(self) -> str:
        return "; ".join(self._why.values()) or _NOTHING_YET

    def _take(self, seen: Sequence[ServerSeen]) -> None:
        for one in seen:
            ours = self._is_ours(one.pids or ())
            self._asked = self._asked or ours
            self._work.take(one, self._around if ours else ())
            self._why[one.target.url] = one.trouble or f"{one.target.url}: {_NOT_OURS}"
        totals = self._work.work(self._run.uid)
        grown = {
            unit: amount - self._told.get(unit, 0)
            for unit, amount in totals.items()
            if amount > self._told.get(unit, -1)  # a unit that is counted is told, also at 0
        }
        self._told = totals
        if grown:
            self._run.log(work=grown, quality=self._work.quality(self._run.uid))

    def _is_ours(self, pids: Sequence[int]) -> bool:
        own = self._table.own()
        if not pids or own is None:
            return False
        self._kin = families(self._table.look(), {own}, self._kin)
        return all(pid in self._kin for pid in pids)


def served_by(run: Measured, settings: Settings, clock: Clock) -> Served:
    """Who follows the servers of a command, by the pages that a setting names.

    Args:
        run: The command's run.
        settings: Settings in force.
        clock: Source of time.
    """
    procfs = settings.procfs_root
    watch = ServingWatch(settings.serving_url, lambda url: get(url, PAGE_S, clock), clock, procfs)
    asked = settings.origins.get("serving_url", "").startswith("environment")
    return Served(run, watch, ProcessTable(procfs), clock, asked=asked)


def _text(unit: str, amount: int, energy_uj: int | None) -> str:
    """An amount, and the energy for a thousand of it."""
    figure = f"{amount:,} {unit.replace('_', ' ')}"
    if energy_uj is None or not amount:
        return figure
    return f"{figure}, {format_energy(round(_MANY * energy_uj / amount))} per {_MANY}"
