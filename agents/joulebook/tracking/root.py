"""The composition root of the tracker: everything is wired here, once per process."""

import atexit
import os
import threading
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from joulebook.clock import Clock, SystemClock
from joulebook.errors import InvalidInput
from joulebook.factors import load as load_factors
from joulebook.metering.assemble import host_record
from joulebook.metering.pace import pace_of
from joulebook.metering.rig import open_rig
from joulebook.settings import Settings, load
from joulebook.shipping.http import HttpSender
from joulebook.shipping.spool import Spool
from joulebook.tracking.guard import log
from joulebook.tracking.outbox import Outbox
from joulebook.tracking.session import Session
from joulebook.tracking.summary import Carbon
from joulebook.version import VERSION

#: A server that takes longer than this is tried again later, s.
SEND_TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Tracker:
    """What one process needs to measure itself.

    Attributes:
        session: The measuring.
        settings: Settings in force.
        carbon: Factor and PUE for the summary.
        simulated: uids of devices that are simulated.
    """

    session: Session
    settings: Settings
    carbon: Carbon
    simulated: frozenset[str]

    def kept(self) -> str:
        """Where this process's batches are, in words."""
        outbox = self.session.outbox
        if outbox.unwritten:
            return f"NOT KEPT, {outbox.problem}"
        if self.settings.server is None:
            return f"kept in {outbox.spool.path}"
        if outbox.shipping:
            return f"kept in {outbox.spool.path}, being sent to {self.settings.server}"
        if outbox.last is not None and outbox.last.refused:
            return f"refused by {self.settings.server}, see joulebook doctor"
        if outbox.last is None or outbox.last.left or outbox.last.problem:
            reason = outbox.last.problem if outbox.last else "not tried yet"
            return f"kept in {outbox.spool.path}, not sent yet: {reason}"
        return f"sent to {self.settings.server}"


_tracker: Tracker | None = None
_lock = threading.Lock()


def tracker() -> Tracker:
    """The tracker of this process, made on first use."""
    global _tracker  # noqa: PLW0603 - one sampler per process is the point
    with _lock:
        if _tracker is None:
            _tracker = build(load(strict=False), SystemClock())
        return _tracker


def build(settings: Settings, clock: Clock) -> Tracker:
    """Wire a tracker from settings and a clock."""
    for warning in settings.warnings:
        log.warning("joulebook: %s", warning)
    rig = open_rig(settings, clock)
    sensors = [sensor for sensor, _ in rig.sensors]
    server = settings.server
    outbox = Outbox(
        Spool(spool_path(settings.state_dir, rig.host.id), clock),
        HttpSender(server, settings.token, SEND_TIMEOUT_S) if server else None,
        host=host_record(rig.host, settings.zone),
        sensors=sensors,
        version=VERSION,
        clock=clock,
    )
    atexit.register(outbox.finish)
    session = Session(rig, outbox, clock, pace_of(settings))
    simulated = frozenset(sensor.uid or "" for sensor in sensors if sensor.simulated)
    return Tracker(session, settings, carbon_of(settings), simulated)


def spool_path(state_dir: Path, host_id: str) -> Path:
    """The tracker's spool on this host.

    A home folder can be shared by many machines, and SQLite's log is safe on one alone: so each
    host has a file of its own.
    """
    return state_dir / f"tracker-{host_id}.db"


def carbon_of(settings: Settings) -> Carbon:
    """The factor of the zone in force, or the reason why there is none."""
    pue = Fraction(settings.pue)
    if settings.zone is None:
        return Carbon(None, pue, "no zone set (JOULEBOOK_ZONE=FR)")
    try:
        return Carbon(load_factors().get(settings.zone), pue)
    except InvalidInput as error:
        return Carbon(None, pue, str(error), f"unknown_zone:{settings.zone}")


def _forget() -> None:
    """In a forked child: the parent's thread, locks and connections are not ours."""
    global _tracker, _lock  # noqa: PLW0603 - a child starts from nothing
    _tracker = None
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)
