"""`joulebook run -- CMD`: the energy of a command and everything it starts."""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from joulebook.cli.forwarding import Forwarding
from joulebook.settings.children import with_parent
from joulebook.tracking.track import track

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
        return _measured(words, measured.uid, signals)


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
