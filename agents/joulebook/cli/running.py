"""`joulebook run -- CMD`: the energy of a command and everything it starts."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from joulebook.cli.forwarding import Forwarding
from joulebook.metering.guard import harmless
from joulebook.settings.children import with_parent
from joulebook.tracking.track import track

if TYPE_CHECKING:
    from joulebook.tracking.run import Run
    from joulebook.tracking.served import Served

NOT_FOUND = 127
NOT_EXECUTABLE = 126


def run(arguments: argparse.Namespace) -> int:
    """Run the command; its exit code is ours, its signals go through, its terminal is kept."""
    words = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not words:
        print(
            "joulebook run: name a command, as in: joulebook run -- python train.py",
            file=sys.stderr,
        )
        return 2
    if shutil.which(words[0]) is None and not Path(words[0]).exists():
        print(f"joulebook run: {words[0]}: command not found", file=sys.stderr)
        return NOT_FOUND
    signals = Forwarding()  # first: a signal before the command runs is for it, not for us
    with track(
        model=arguments.model,
        variant=arguments.variant,
        kind=arguments.kind,
        name=arguments.name or Path(words[0]).name,
        project=arguments.project,
    ) as measured:
        servers = _servers(measured)
        code = _measured(words, measured.uid, signals)
        if servers is not None:
            servers.stop()
    if servers is not None:
        with harmless("telling what was served"):
            _tell(servers, measured)
    return code


def _measured(words: Sequence[str], uid: str, signals: Forwarding) -> int:
    try:
        # The command's own code is measured as a child of this job, if it tracks itself.
        child = subprocess.Popen(words, env=with_parent(uid))  # noqa: S603 - the user's command
    except FileNotFoundError:
        print(f"joulebook run: {words[0]}: command not found", file=sys.stderr)
        return NOT_FOUND
    except OSError as error:
        print(f"joulebook run: {words[0]}: {error.strerror}", file=sys.stderr)
        return NOT_EXECUTABLE
    signals.to(child)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _servers(measured: "Run") -> "Served | None":
    """Who counts what the command serves; None where no setting names a page."""
    with harmless("looking for inference servers"):
        from joulebook.clock import SystemClock  # noqa: PLC0415 - a fault in loading is harmless
        from joulebook.tracking.root import tracker  # noqa: PLC0415 - as above

        settings = tracker().settings
        if settings.serving_url:
            from joulebook.tracking.served import served_by  # noqa: PLC0415 - seldom needed

            servers = served_by(measured, settings, SystemClock())
            servers.expect()
            servers.start()
            return servers
    return None


def _tell(servers: "Served", measured: "Run") -> None:
    summary = measured.summary
    if summary is not None:
        line = servers.line(summary.title, summary.energy_uj)
        if line is not None:
            print(line, file=sys.stderr)
