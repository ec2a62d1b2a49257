"""The composition root of the tracker: everything is wired here, once per process."""

import atexit
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from joulebook.clock import Clock, SystemClock
from joulebook.errors import InvalidInput, NoAgent
from joulebook.factors import load as load_factors
from joulebook.metering.guard import harmless, log
from joulebook.metering.open_jobs import OpenJobs
from joulebook.metering.outbox import PAUSE_S
from joulebook.metering.span import new_uid
from joulebook.metering.station import Station, open_station
from joulebook.settings import Labels, Settings, load
from joulebook.settings.ranks import Launch, launch
from joulebook.settings.sockets import SYSTEM
from joulebook.tracking.link import Link
from joulebook.tracking.meter import Meter
from joulebook.tracking.pod import own_pod
from joulebook.tracking.summary import Carbon


@dataclass(frozen=True)
class Tracker:
    """What one process needs to measure itself.

    Attributes:
        meter: Who measures.
        settings: Settings in force.
        launch: Which launch this process is a rank of.
        numbers: Numbers for the outermost runs of each name.
        labels: What the pod that it runs in says of it, where the settings say nothing.
    """

    meter: Meter
    settings: Settings
    launch: Launch = field(default_factory=Launch)
    numbers: dict[str, Iterator[int]] = field(default_factory=dict)
    labels: Labels = field(default_factory=Labels)

    def carbon(self) -> Carbon:
        """Factor and PUE for the summary: by our own settings, else by the agent's."""
        zone = self.meter.about.get("zone")
        if self.settings.zone is None and isinstance(zone, str):
            return carbon_of(zone, str(self.meter.about.get("pue", "1")))
        return carbon_of(self.settings.zone, self.settings.pue)


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
    pod = own_pod(settings.podinfo_dir, settings.kubernetes_cluster)
    launched = launch(pod=pod.job)

    def station(server: str | None) -> Station:
        sending = replace(settings, server=settings.server or server)
        opened = open_station(sending, clock, "tracker", PAUSE_S)
        atexit.register(opened.outbox.finish)
        _end_left_open(opened)
        return opened

    def find() -> Link | None:
        return find_agent(settings)

    def reporter() -> str:
        return launched.reporter(new_uid(clock.wall_us()))

    may_come = settings.agent_socket is not None
    meter = Meter(find if may_come else None, station, clock, reporter)
    return Tracker(meter, settings, launched, labels=pod.labels)


def _end_left_open(station: Station) -> None:
    """Jobs of processes that were killed while they measured themselves end here."""
    rig, session = station.rig, station.session
    jobs = OpenJobs(station.outbox.spool.path, rig.host.boot_id, rig.table, sync=False)
    session.note = jobs.note
    with harmless("ending what was left open"):
        jobs.adopt()
        jobs.settle(session.tell, patient=False)


def find_agent(settings: Settings) -> Link | None:
    """The agent of this host, if there is one that serves what is set; None otherwise.

    One that sends elsewhere than to our server, or to one where we name none to compare, is used
    only where we name no server: data goes where a user said, or nowhere else.
    """
    for path in _sockets(settings):
        try:
            if not path.exists():
                continue
            link = Link(path)
        except (NoAgent, OSError) as error:
            log.debug("joulebook: %s", error)
            continue
        if settings.server in (None, link.about.get("server")):
            return link
        link.close()
    return None


def _sockets(settings: Settings) -> list[Path]:
    """Where to look: where it is set, else this user's agent, then the machine's."""
    if settings.agent_socket is None:
        return []
    if settings.is_set("agent_socket") or settings.agent_socket == SYSTEM:
        return [settings.agent_socket]
    return [settings.agent_socket, SYSTEM]


def carbon_of(zone: str | None, pue: str) -> Carbon:
    """The factor of a zone, or the reason why there is none."""
    if zone is None:
        return Carbon(None, Fraction(pue), "no zone set (JOULEBOOK_ZONE=FR)")
    try:
        return Carbon(load_factors().get(zone), Fraction(pue))
    except InvalidInput as error:
        return Carbon(None, Fraction(pue), str(error), f"unknown_zone:{zone}")


def _forget() -> None:
    """In a forked child: the parent's thread, locks and connections are not ours."""
    global _tracker, _lock  # noqa: PLW0603 - a child starts from nothing
    if _tracker is not None:
        _tracker.meter.disown()
    _tracker = None
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_forget)
