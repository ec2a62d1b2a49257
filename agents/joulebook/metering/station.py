"""Sensors, spool and session of one process that measures, wired from its settings."""

from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook.metering.assemble import host_record
from joulebook.metering.outbox import Outbox
from joulebook.metering.pace import pace_of
from joulebook.metering.rig import Rig, open_rig
from joulebook.metering.session import Session
from joulebook.settings import Settings
from joulebook.shipping.sender import Sender
from joulebook.shipping.skew import Skew
from joulebook.shipping.spool import Bounds, Spool
from joulebook.version import VERSION

#: A server that takes longer than this is tried again later, s.
SEND_TIMEOUT_S = 5.0
_DAY_US = 86_400 * US_PER_S


@dataclass(frozen=True)
class Station:
    """What it takes to measure.

    Attributes:
        rig: Sensors of the host.
        session: The measuring.
        outbox: Where batches go.
    """

    rig: Rig
    session: Session
    outbox: Outbox

    @property
    def simulated(self) -> frozenset[str]:
        """Global ids of devices that are simulated."""
        return self.rig.simulated


def open_station(
    settings: Settings, clock: Clock, role: str, pause_s: float, record: Path | None = None
) -> Station:
    """Find the sensors and wire what measures with them.

    Args:
        settings: Settings in force.
        clock: Source of time.
        role: ``tracker`` or ``agent``.
        pause_s: First pause after a failure, s; a tracker's is not shorter, an agent's not longer.
        record: File into which all readings and windows are written for a replay.
    """
    rig = open_rig(settings, clock, patient=role == "agent", record=record)
    own = rig.table.own() if role == "agent" else None
    rig.own = frozenset(() if own is None else (own,))
    skew = Skew()
    outbox = Outbox(
        Spool(spool_path(settings.state_dir, role, rig.host.id), clock, bounds_of(settings)),
        _sender(settings, clock, skew),
        host=host_record(rig.host, settings.zone),
        sensors=rig.found,
        version=VERSION,
        clock=clock,
        role=role,
        pause_s=pause_s,
        skew=skew,
    )
    session = Session(rig, outbox, clock, pace_of(settings))
    return Station(rig, session, outbox)


def _sender(settings: Settings, clock: Clock, skew: Skew) -> Sender | None:
    if settings.server is None:
        return None
    from joulebook.shipping.http import HttpSender  # noqa: PLC0415 - slow to load, seldom needed
    from joulebook.shipping.route import Route  # noqa: PLC0415 - as above

    route = Route(settings.proxy, settings.ca_file)
    token = settings.token
    return HttpSender(settings.server, token, SEND_TIMEOUT_S, route=route, clock=clock, skew=skew)


def bounds_of(settings: Settings) -> Bounds:
    """How large a spool may grow, and how long it keeps its detail."""
    return Bounds(
        max_bytes=int(settings.spool_max_mb * (1 << 20)),
        max_age_us=int(settings.spool_max_days * _DAY_US),
    )


def spool_path(state_dir: Path, role: str, host_id: str) -> Path:
    """The spool of an agent or of all trackers on this host.

    A home folder can be shared by many machines, and SQLite's log is safe on one alone: so each
    host has files of its own.
    """
    return state_dir / f"{role}-{host_id}.db"
