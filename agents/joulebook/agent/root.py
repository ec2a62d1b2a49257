"""The composition root of the agent: everything is wired here."""

from joulebook.agent.caller import Caller, Peer
from joulebook.agent.daemon import Daemon
from joulebook.agent.listener import Listener
from joulebook.clock import Clock
from joulebook.errors import AgentError
from joulebook.metering.station import Station, open_station
from joulebook.settings import Settings
from joulebook.version import VERSION
from joulebook.wire.spans import PROTOCOL

#: After a failure nothing is sent for this long, s: an agent has time, and its server comes back.
PAUSE_S = 5.0


def build(settings: Settings, clock: Clock) -> tuple[Daemon, Station]:
    """Wire an agent from settings and a clock.

    Raises:
        AgentError: It has no socket to listen on.
    """
    if settings.agent_socket is None:
        raise AgentError("agent_socket is none: name a path for the agent to listen on (--socket)")
    station = open_station(settings, clock, "agent", PAUSE_S)

    def admit(peer: Peer) -> Caller:
        return Caller(station.session, clock, peer, station.simulated)

    about: dict[str, object] = {
        "protocol": PROTOCOL,
        "agent": VERSION,
        "host": station.rig.host.id,
        "server": settings.server,
        "zone": settings.zone,
        "pue": settings.pue,
    }
    listener = Listener(settings.agent_socket, admit, about, station.rig.table)
    return Daemon(station, listener), station
