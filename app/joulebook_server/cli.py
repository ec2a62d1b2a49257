"""The command `joulebook-server`."""

import argparse
import sys
from collections.abc import Sequence

from joulebook_server import __version__
from joulebook_server.errors import CannotStart
from joulebook_server.settings import Settings, load
from joulebook_server.store.engine import Store
from joulebook_server.store.migrate import migrate


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 done, 1 failed with one line that says why, 2 wrong usage."""
    parsed = vars(_parser().parse_args(arguments))
    command = parsed.pop("command")
    try:
        settings = load(parsed)
        return _serve(settings) if command == "serve" else _migrate(settings)
    except CannotStart as error:
        print(f"joulebook-server: {' '.join(str(error).split())}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="joulebook-server", description="The ledger server of joulebook."
    )
    parser.add_argument("--version", action="version", version=f"joulebook-server {__version__}")
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    serve = commands.add_parser("serve", help="take batches and report")
    serve.add_argument("--host", help="address to listen on (127.0.0.1)")
    serve.add_argument("--port", help="port to listen on (8400); 0 takes a free one")
    serve.add_argument("--zone", help="grid zone of this site, such as FR or US-CA")
    serve.add_argument("--pue", help="power usage effectiveness of this site (1)")
    upgrade = commands.add_parser("migrate", help="bring the database up to date")
    for command in (serve, upgrade):
        command.add_argument("--database-url", help="such as sqlite:////var/lib/joulebook.db")
    return parser


def _migrate(settings: Settings) -> int:
    store = Store(settings.database_url)
    revision = migrate(store)
    store.close()
    print(f"{store.url.render_as_string(hide_password=True)} is at revision {revision}")
    return 0


def _serve(settings: Settings) -> int:
    from joulebook_server.serving import serve  # noqa: PLC0415 - `migrate` needs no web server

    return serve(settings)
