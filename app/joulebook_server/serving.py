"""One server process: a socket, a database, an app."""

import ipaddress
import signal
import socket
from typing import NoReturn

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from joulebook.errors import InvalidInput
from joulebook_server.errors import CannotStart
from joulebook_server.main import create_app
from joulebook_server.settings import Settings
from joulebook_server.store.engine import Store
from joulebook_server.store.factors import packaged
from joulebook_server.store.migrate import migrate

STOP_S = 10
#: How long a silent connection stays open, s: windows come every ten seconds and less often.
KEEP_S = 75


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        CannotStart: The address is not loopback or taken, or the database cannot be used.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    _check_zone(settings.zone)
    listening = _bind(settings.host, settings.port)
    with listening:
        store = Store(settings.database_url)
        migrate(store)
        config = uvicorn.Config(
            create_app(settings, store),
            log_config={**LOGGING_CONFIG, "disable_existing_loggers": False},
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_S,
            timeout_keep_alive=KEEP_S,
        )
        _Server(config, _ready_line(settings, store, listening)).run([listening])
    return 0


def _end(_number: int, _frame: object) -> NoReturn:
    """Asked to end is no failure; uvicorn raises the signal once more after its own clean end."""
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """Says that it is ready once it is, and not before."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._ready, flush=True)  # noqa: T201 - it is for people and for `joulebook up`


def _check_zone(zone: str | None) -> None:
    try:
        if zone is not None:
            packaged().get(zone)
    except InvalidInput as error:
        raise CannotStart(f"{error}; name another with --zone") from error


def _ready_line(settings: Settings, store: Store, listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    zone = f"zone {settings.zone}" if settings.zone else "no zone set"
    database = store.url.render_as_string(hide_password=True)
    return f"joulebook-server ready on http://{name}:{port} (database {database}, {zone})"


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket on a loopback address."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CannotStart(f"cannot listen on {host}: {error.strerror}") from error
    for family, _, _, _, address in found:
        if not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
            raise CannotStart(
                f"{host} is reachable from other machines, and there is no authentication yet: "
                "anyone could write to the ledger. Listen on 127.0.0.1 and use an SSH tunnel"
            )
        return _listen(family, address, f"{host}:{port}")
    raise CannotStart(f"{host} has no address")


def _listen(family: int, address: tuple[object, ...], name: str) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise CannotStart(
            f"cannot listen on {name}: {error.strerror}; choose another with --port"
        ) from error
    return listening
