"""The pages of an agent, wired from what it measures with."""

from collections.abc import Callable

from joulebook.clock import Clock
from joulebook.metering.station import Station
from joulebook.shipping.spool import Spool
from joulebook.version import VERSION
from joulebook.watching.health import Health, Vitals, judge
from joulebook.watching.metrics import CONTENT_TYPE, renderer
from joulebook.watching.page import Page, Reply
from joulebook.watching.waiting import look, seldom
from joulebook.watching.watched import Watched

_JSON = "application/json"
_UNWELL = 503
_INDEX = b"joulebook agent: /metrics for Prometheus, /healthz for whether it is well\n"


def open_page(
    listen: str, watched: Watched, station: Station, vitals: Vitals, clock: Clock
) -> Page:
    """The pages of an agent, not started yet.

    Args:
        listen: Address and port to listen on.
        watched: What was booked.
        station: What measures.
        vitals: What the agent tells of itself.
        clock: Source of time.

    Raises:
        AgentError: The extra `metrics` is not installed.
    """
    outbox = station.outbox
    # A connection of its own: a look must not hold up who writes a window.
    spool = Spool(outbox.spool.path, clock)
    waiting = seldom(lambda: look(spool, outbox, clock), clock)
    render = renderer(station.rig.host.name, VERSION, lambda: (watched.look(), waiting()))

    def health() -> Health:
        silent_us, begun = watched.silent_us()
        others = vitals.problems()
        return judge(silent_us, vitals.window_us(), waiting().problem, others, begun=begun)

    return Page(listen, pages(render, health), clock)


def pages(
    render: Callable[[], bytes], health: Callable[[], Health]
) -> dict[str, Callable[[], Reply]]:
    """What is answered by path."""

    def healthz() -> Reply:
        verdict = health()
        return Reply(verdict.text(VERSION), _JSON, 200 if verdict.well else _UNWELL)

    return {
        "/": lambda: Reply(_INDEX),
        "/metrics": lambda: Reply(render(), CONTENT_TYPE),
        "/healthz": healthz,
    }
