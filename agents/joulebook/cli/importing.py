"""`joulebook import FILE`: readings that no agent of ours took, into the ledger as `external`.

All of it is checked before any of it is kept. It goes into the spool of this host's trackers, so
the local report shows it, and to the server, where one is named.
"""

import argparse
import contextlib
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulebook.clock import SystemClock
from joulebook.discovery.host import identify
from joulebook.errors import InvalidInput
from joulebook.metering.station import bounds_of, spool_path
from joulebook.settings import Settings, load
from joulebook.shipping.http import HttpSender
from joulebook.shipping.route import Route
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Entry, Spool
from joulebook.tracking.root import carbon_of, find_agent
from joulebook.wire import Answer, check, encode

if TYPE_CHECKING:
    from joulebook.importing.records import Readings

#: A person waits, and a batch of 5,000 windows takes a busy server some seconds, s.
SEND_TIMEOUT_S = 60.0
_SHIP_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the batches are now.

    Attributes:
        ledger: The spool.
        new: How many of them were not in it.
        server: Where they are to go; None where no server is named.
        sent: Whether that server has them all.
        had: Whether it had them all before.
        problem: Why it has not; None where it has, or where there is none.
        refused: Whether it will never take one of them.
    """

    ledger: Path
    new: int
    server: str | None = None
    sent: bool = False
    had: bool = False
    problem: str | None = None
    refused: bool = False


def run(arguments: argparse.Namespace) -> int:
    """Read, check and keep a file; exit code 1 where nothing was kept, or a server refused it."""
    from joulebook.cli import imported  # noqa: PLC0415 - other commands need no CSV
    from joulebook.importing.batches import batches_of  # noqa: PLC0415 - as above

    settings = load({"server": arguments.server, "zone": arguments.zone})
    now_us = SystemClock().wall_us()
    readings = _read(arguments, now_us)
    entries = []
    for batch in batches_of(readings.rows, settings.zone):
        check(batch, now_us)
        entries.append(Entry(batch.seq, batch.agent.epoch, encode(batch)))
    kept = None if arguments.dry_run else _keep(entries, settings)
    told = {
        **imported.figures(readings),
        "zone": settings.zone,
        **_zone_problem(settings),
        **imported.whereabouts(kept),
    }
    print(json.dumps(told, indent=2) if arguments.json else imported.text(told, kept))
    return 1 if kept is not None and kept.refused else 0


def _read(arguments: argparse.Namespace, now_us: int) -> "Readings":
    from joulebook.importing.cells import Options  # noqa: PLC0415 - other commands need none
    from joulebook.importing.reading import read  # noqa: PLC0415 - as above

    options = Options(
        now_us=now_us,
        host=arguments.host,
        tz=_zone_of(arguments.tz),
        delimiter="\t" if arguments.delimiter == "tab" else arguments.delimiter,
        decimal=arguments.decimal,
    )
    with _opened(arguments.file) as lines:
        return read(lines, options)


@contextlib.contextmanager
def _opened(name: str) -> Iterator[io.TextIOWrapper]:
    """The file's lines. What is not UTF-8 gets through, and is told with its line.

    Raises:
        InvalidInput: There is no such file, or it cannot be read.
    """
    reading: dict[str, Any] = {"encoding": "utf-8-sig", "errors": "surrogateescape", "newline": ""}
    try:
        if name == "-":
            yield io.TextIOWrapper(sys.stdin.buffer, **reading)
            return
        with Path(name).open(**reading) as lines:
            yield lines
    except OSError as error:
        raise InvalidInput(f"cannot read {name}: {error.strerror or error}") from error


def _zone_problem(settings: Settings) -> dict[str, str | None]:
    """Why the zone gives no CO2e, if it does not."""
    if settings.zone is None:
        return {"zone_problem": None}
    carbon = carbon_of(settings.zone, settings.pue)
    return {"zone_problem": carbon.reason}


def _zone_of(name: str | None) -> tzinfo | None:
    if name is None or name.upper() == "UTC":
        return None if name is None else UTC
    import zoneinfo  # noqa: PLC0415 - few files state local times

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(f"--tz: no time zone {name!r} here; one is Europe/Paris") from error


def _keep(entries: Sequence[Entry], settings: Settings) -> Kept:
    path = spool_path(settings.state_dir, "tracker", identify(settings.procfs_root).id)
    spool = Spool(path, SystemClock(), bounds_of(settings))
    try:
        kept = Kept(path, spool.adopt(entries))
        if spool.notice:
            print(f"joulebook: {spool.notice}", file=sys.stderr)
        server = _server(settings)
        if server is None:
            return kept
        route = Route(settings.proxy, settings.ca_file)
        sender = HttpSender(server, settings.token, SEND_TIMEOUT_S, route=route)
        return _send(spool, sender, entries, kept)
    finally:
        spool.close()


def _server(settings: Settings) -> str | None:
    """Where figures of this host go: to the server that is named, else to that of its agent."""
    if settings.server is not None:
        return settings.server
    link = find_agent(settings)
    if link is None:
        return None
    link.close()
    server: str | None = link.about.get("server")
    return server


class _Listening:
    """A sender that remembers which batches the server had before."""

    def __init__(self, sender: HttpSender) -> None:
        self.had: set[int] = set()
        self._sender = sender

    @property
    def url(self) -> str:
        """Where it sends to."""
        return self._sender.url

    def send(self, content: bytes) -> Answer:
        """Send a batch; see `Sender.send`."""
        answer = self._sender.send(content)
        if answer.duplicate:
            self.had.add(answer.seq)
        return answer


def _send(spool: Spool, sender: HttpSender, entries: Sequence[Entry], kept: Kept) -> Kept:
    """Send all that waits, other jobs' figures too: what was measured first goes first."""
    listening = _Listening(sender)
    done = ship(spool, listening, limit=_SHIP_AT_ONCE)
    while done.left and not done.problem:
        done = ship(spool, listening, limit=_SHIP_AT_ONCE)
    ours = {entry.seq for entry in entries}
    reasons = [reason for seq, reason in spool.quarantined() if seq in ours]
    return replace(
        kept,
        server=sender.url,
        sent=not done.problem and not reasons,
        had=ours <= listening.had,
        problem=reasons[0] if reasons else done.problem,
        refused=bool(reasons),
    )
