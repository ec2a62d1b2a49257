"""The inference servers of this host: what each has done, and whose processes they are.

A look waits for the network, so it belongs on a thread of its own; what was seen last can be asked
for at any time and waits for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.core.serving import Served, Serving
from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.serving.keepers import Holders, Keepers, Kept
from joulebook.discovery.serving.page import Fetch, ServingPage
from joulebook.errors import Retry

#: Time between two looks, s. Work is counted by the server, so nothing is lost in between.
LOOK_S = 5.0
#: The longest that a page is to be waited for, s.
PAGE_S = 2.0

_UNKNOWN = "it shows nothing that vLLM, TGI, Triton, SGLang or llama.cpp count"
_CHANGED = "who listens there changed while the page was read"


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """One server as the last look saw it.

    Attributes:
        target: Which page.
        run: Counts the servers that listened there one after the other; what each did is told
            from 0 on.
        pids: Processes of the server; empty where none of this host is, None where they cannot be
            seen.
        served: What it did in this run; None where nothing was read yet.
        trouble: Why the last look read nothing, or why nobody can tell whose it is; None where
            all is well.
    """

    target: ServingTarget
    run: int
    pids: tuple[int, ...] | None
    served: Served | None
    trouble: str | None


class ServingWatch:
    """Follows the pages that a person named.

    Args:
        targets: Which.
        fetch: Gets the text at a URL within a bounded time, or raises `Retry`.
        clock: Source of time.
        procfs_root: Where procfs is mounted, normally ``/proc``.
    """

    def __init__(
        self, targets: Sequence[ServingTarget], fetch: Fetch, clock: Clock, procfs_root: Path
    ) -> None:
        keepers = Keepers(procfs_root)
        self._watched = [_Watched(target, fetch, clock, keepers) for target in targets]
        self._seen: tuple[ServerSeen, ...] = ()

    def expect(self) -> None:
        """Note who is there, without reading a page: who comes after this counts from 0."""
        for watched in self._watched:
            watched.expect()

    def look(self) -> None:
        """Read all pages, one after the other. One thread at a time may look."""
        self._seen = tuple(watched.look() for watched in self._watched)

    def seen(self) -> tuple[ServerSeen, ...]:
        """What the last look saw, in the order of the targets; empty before the first one."""
        return self._seen


class _Watched:
    """One target from look to look."""

    def __init__(self, target: ServingTarget, fetch: Fetch, clock: Clock, keepers: Keepers) -> None:
        self._target = target
        self._page = ServingPage(target.url, fetch)
        self._clock = clock
        self._keepers = keepers
        self._serving = Serving()
        self._run = 0
        self._last: Holders = frozenset()  # who was seen last
        self._told = False  # whether any look so far could tell who listens

    def expect(self) -> None:
        self._follow(self._keepers.of(self._target).holders)

    def look(self) -> ServerSeen:
        kept = self._keepers.of(self._target)
        self._follow(kept.holders)
        trouble = self._read(kept.holders)
        if trouble is not None:
            self._serving.miss()
        pids = None if kept.holders is None else tuple(sorted(pid for pid, _ in kept.holders))
        served = self._serving.served()
        return ServerSeen(self._target, self._run, pids, served, trouble or self._untied(kept))

    def _follow(self, holders: Holders | None) -> None:
        """A server that was not there before counts for itself, and from 0."""
        if holders and self._last.isdisjoint(holders):
            self._serving = Serving(from_zero=self._told)
            self._run += 1
        self._last = holders or self._last
        self._told = self._told or holders is not None

    def _read(self, holders: Holders | None) -> str | None:
        """Read the page; what went wrong, if anything did."""
        try:
            page = self._page.read()
        except Retry as error:
            return str(error)
        at_us = self._clock.monotonic_us()
        if holders:
            after = self._keepers.of(self._target).holders
            if after is not None and holders.isdisjoint(after):
                return f"{self._target.url}: {_CHANGED}"
        return None if self._serving.see(page, at_us) else f"{self._target.url}: {_UNKNOWN}"

    def _untied(self, kept: Kept) -> str | None:
        """Why nobody can tell whose a page is that was read."""
        return None if kept.why is None else f"{self._target.url}: {kept.why}"
