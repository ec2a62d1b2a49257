"""`joulebook up`: a server and an agent on this machine, as one."""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from joulebook.cli.processes import Asked, Children, require
from joulebook.errors import InvalidInput
from joulebook.settings import Settings, load

#: What the server cannot run without.
NEEDED = ("joulebook_server", "alembic", "fastapi", "jinja2", "sqlalchemy", "uvicorn")
_PAGES = (
    ("dashboard", "/"),
    ("report", "/v1/reports?group_by=model,variant,kind"),
    ("balance", "/v1/ledger/balance"),
    ("API", "/docs"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where server and agent run, and keep what they know.

    Attributes:
        folder: Holds the database and what the agent has not sent yet.
        port: TCP port of the server; None: what the server's own settings say.
        zone: Grid zone; None: what the settings of each say.
        socket: Where trackers find the agent; None: what the agent's settings say.
        environment: Environment of both; ours if None.
    """

    folder: Path
    port: int | None = None
    zone: str | None = None
    socket: Path | None = None
    environment: Mapping[str, str] | None = None


def run(arguments: argparse.Namespace) -> int:
    """Start both, name the URLs, and watch until Ctrl-C or SIGTERM."""
    require(NEEDED, "server")
    settings = load({"state_dir": arguments.folder, "agent_socket": arguments.agent_socket})
    place = Place(
        folder=settings.state_dir,
        port=arguments.port,
        zone=arguments.zone,
        socket=settings.agent_socket if arguments.agent_socket else None,
    )
    try:
        with Children() as children:
            url = start(children, place)
            print(f"joulebook up ready on {url} (data in {place.folder}; Ctrl-C stops it)")
            print(f"{pages(url)}\n{_how_to_track(settings)}", flush=True)
            children.watch()
    except Asked:
        print("stopped")
        return 0


def start(children: Children, place: Place) -> str:
    """Start the server, then the agent that sends to it; the server's URL once both are ready.

    Raises:
        InvalidInput: The folder cannot be written to.
        Asked, ChildError, SystemExit: As `Children.ready`.
    """
    _make(place.folder)
    database = f"sqlite:///{quote(str(place.folder / 'server.db'))}"
    both = ["--zone", place.zone] if place.zone else []
    words = ["serve", "--database-url", database, *both]
    words += [] if place.port is None else ["--port", str(place.port)]
    server = children.start("server", ["joulebook_server", *words], place.environment)
    url = children.ready(server).split()[0]
    words = ["agent", "--server", url, "--state-dir", str(place.folder), *both]
    words += [] if place.socket is None else ["--socket", str(place.socket)]
    agent = children.start("agent", ["joulebook", *words], place.environment)
    children.ready(agent)
    return url


def pages(url: str) -> str:
    """What to open, one a line."""
    return "\n".join(f"  {name:<9}  {url}{path}" for name, path in _PAGES)


def _make(folder: Path) -> None:
    """Said here, where the flag is known: the children would name flags of their own."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InvalidInput(
            f"cannot keep data in {folder}: {error.strerror}; name another with --folder"
        ) from error


def _how_to_track(settings: Settings) -> str:
    """A command that finds this agent when it is typed into another terminal."""
    command = "joulebook" if shutil.which("joulebook") else f"{_python()} -m joulebook"
    if settings.is_set("agent_socket"):
        command = f"JOULEBOOK_AGENT_SOCKET={shlex.quote(str(settings.agent_socket))} {command}"
    return f"Track from another terminal: {command} run --model my-model -- python train.py"


def _python() -> str:
    """This interpreter, by its name below the current folder where it lies there."""
    here = os.path.relpath(sys.executable)
    return shlex.quote(sys.executable if here.startswith("..") else here)
