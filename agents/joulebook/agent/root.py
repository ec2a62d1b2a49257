"""The composition root of the agent: everything is wired here."""

from collections.abc import Callable, Sequence
from pathlib import Path

from joulebook.agent.caller import Caller
from joulebook.agent.daemon import Daemon
from joulebook.agent.finding import finder_of, pods_of, readers_of, servers_of
from joulebook.agent.left_open import LeftOpen
from joulebook.agent.listener import Listener
from joulebook.agent.peer import Peer
from joulebook.clock import Clock
from joulebook.errors import AgentError
from joulebook.metering.open_jobs import OpenJobs
from joulebook.metering.pace import pace_of
from joulebook.metering.station import Station, open_station
from joulebook.settings import Settings
from joulebook.version import VERSION
from joulebook.watching.health import Vitals
from joulebook.watching.opening import open_page
from joulebook.watching.page import Page
from joulebook.watching.watched import Watched
from joulebook.wire.spans import PROTOCOL

#: Limit of the first pause after a failure, s; see `joulebook.shipping.backoff`.
PAUSE_S = 1.0


def build(settings: Settings, clock: Clock, record: Path | None = None) -> tuple[Daemon, Station]:
    """Wire an agent from settings and a clock.

    Args:
        settings: Settings in force.
        clock: Source of time.
        record: File into which all readings and windows are written for a replay.

    Raises:
        AgentError: It has no socket to listen on.
    """
    if settings.agent_socket is None:
        raise AgentError("agent_socket is none: name a path for the agent to listen on (--socket)")
    station = open_station(settings, clock, "agent", PAUSE_S, record)
    rig, session = station.rig, station.session
    jobs = OpenJobs(station.outbox.spool.path, rig.host.boot_id, rig.table, sync=True)
    session.note = jobs.note

    pods = pods_of(settings, clock, rig.host.name) if settings.discover else None
    servers = servers_of(settings, clock) if settings.discover else None
    finder = finder_of(settings, clock, station, pods, servers)

    def admit(peer: Peer) -> Caller:
        return Caller(session, clock, peer, jobs.back, finder.parent_of)

    def about() -> dict[str, object]:
        return {
            "protocol": PROTOCOL,
            "agent": VERSION,
            "host": rig.host.id,
            "resumes": True,
            "server": settings.server,
            "zone": settings.zone,
            "pue": settings.pue,
            "skew_us": station.outbox.skew_us,
        }

    listener = Listener(settings.agent_socket, admit, about, rig.table)
    look = finder.check if settings.discover else None

    def problems() -> list[str]:
        return daemon.problems()  # asked once the page is open, and who opens it is the daemon

    page = _page(settings, clock, station, problems)
    beside = (page, pods, *readers_of(servers))
    aids = [one for one in beside if one is not None]
    daemon = Daemon(station, listener, LeftOpen(jobs, session.tell, clock), look, aids)
    return daemon, station


def _page(
    settings: Settings, clock: Clock, station: Station, problems: Callable[[], Sequence[str]]
) -> Page | None:
    if settings.metrics_listen is None:
        return None
    watched, pace = Watched(clock, settings.metrics_jobs), pace_of(settings)
    station.session.seen = lambda one: watched.take(
        one.booked, one.jobs, one.problems, one.sensors or ()
    )
    outbox = station.outbox
    vitals = Vitals(lambda: pace.length_us(outbox.window_us), problems)
    return open_page(settings.metrics_listen, watched, station, vitals, clock)
