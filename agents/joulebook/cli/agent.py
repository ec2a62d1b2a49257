"""`joulebook agent`: measures this host all day."""

import argparse
import logging
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from joulebook.agent.root import PAUSE_S, build
from joulebook.cli.stopping import Stopping
from joulebook.clock import SystemClock
from joulebook.errors import AgentError, JoulebookError
from joulebook.metering.marking import kept_by_another
from joulebook.metering.station import Station, open_station
from joulebook.settings import Settings, load
from joulebook.watching.log import formatter
from joulebook.wire import encode

log = logging.getLogger("joulebook")

#: The longest that `--once` waits for the server, s.
SEND_S = 10.0


def run(arguments: argparse.Namespace) -> int:
    """Measure until SIGTERM or Ctrl-C, or for one window; keep and send it, or only print it.

    Whatever ends it is told in the form of the log, since a machine may read that.
    """
    names = ("server", "zone", "state_dir", "agent_socket", "window_s", "sample_s")
    flags = {name: getattr(arguments, name) for name in names}
    record = None if arguments.record is None else Path(arguments.record)
    stop = Stopping()
    _log(load(flags, strict=False))  # which form is told, though something else is not understood
    try:
        settings = load(flags)
        if arguments.dry_run:
            with tempfile.TemporaryDirectory(prefix="joulebook-") as folder:
                settings = replace(settings, state_dir=Path(folder), server=None)
                return _dry(settings, stop, record, once=arguments.once)
        return (_once if arguments.once else _daemon)(settings, stop, record)
    except JoulebookError as error:
        log.error("joulebook: %s", error)  # noqa: TRY400 - the text says all; nobody needs a trace
        return 1
    except BrokenPipeError:  # whoever read our output left: `main` ends quietly
        raise
    except Exception:
        log.exception("joulebook: the agent ended by a fault of its own")
        return 1


def _log(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(settings.log_format, journal=settings.journal))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def _daemon(settings: Settings, stop: Stopping, record: Path | None) -> int:
    daemon, station = build(settings, SystemClock(), record)

    def ready() -> None:
        print(f"joulebook agent ready on {settings.agent_socket} ({_place(station)})", flush=True)

    daemon.run(stop.wait, ready)
    return 0


def _once(settings: Settings, stop: Stopping, record: Path | None) -> int:
    station = open_station(settings, SystemClock(), "agent", PAUSE_S, record)
    if kept_by_another(station.outbox.spool.path):
        raise AgentError(
            f"an agent measures into {station.outbox.spool.path} already: joulebook report tells "
            "what; stop it, or look without keeping anything: --once --dry-run"
        )
    station.session.watch()
    stop.wait(settings.window_s)
    station.session.close()
    station.outbox.ship(SEND_S)
    print(f"one window of {_place(station)}: {station.outbox.kept()}")
    return 0


def _dry(settings: Settings, stop: Stopping, record: Path | None, *, once: bool) -> int:
    """Print every batch as JSON, one a line."""
    station = open_station(settings, SystemClock(), "agent", PAUSE_S, record)
    spool = station.outbox.spool
    station.session.watch()
    while not stop.wait(settings.window_s) and not once:
        _print(station)
    station.session.close()
    _print(station)
    spool.close()
    return 0


def _print(station: Station) -> None:
    spool = station.outbox.spool
    for batch in spool.entries():
        print(encode(batch).decode(), flush=True)
        spool.acknowledge(batch.seq)


def _place(station: Station) -> str:
    readable = sum(sensor.method is not None for sensor, _ in station.rig.sensors)
    sender = station.outbox.sender
    where = f"sending to {sender.url}" if sender else f"kept in {station.outbox.spool.path}"
    return f"{readable} sensor{'' if readable == 1 else 's'}, {where}"
