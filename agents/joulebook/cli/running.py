"""`joulebook run -- CMD`: the energy of a command and everything it starts."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from joulebook.settings.children import with_parent
from joulebook.tracking.track import track

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
#: The terminal sends these to all of its foreground processes by itself.
_OF_TERMINAL = (signal.SIGINT, signal.SIGQUIT)


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
    with track(
        model=arguments.model,
        variant=arguments.variant,
        kind=arguments.kind,
        name=arguments.name or Path(words[0]).name,
        project=arguments.project,
    ) as measured:
        return _measured(words, measured.uid)


def _measured(words: Sequence[str], uid: str) -> int:
    try:
        # The command's own code is measured as a child of this job, if it tracks itself.
        child = subprocess.Popen(words, env=with_parent(uid))  # noqa: S603 - the user's command
    except FileNotFoundError:
        print(f"joulebook run: {words[0]}: command not found", file=sys.stderr)
        return NOT_FOUND
    except OSError as error:
        print(f"joulebook run: {words[0]}: {error.strerror}", file=sys.stderr)
        return NOT_EXECUTABLE
    with _forwarding(child):
        code = child.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _forwarding(child: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Pass signals on; Ctrl-C reaches the child by itself where the terminal is ours."""

    def forward(number: int, _frame: FrameType | None) -> None:
        if child.poll() is None and not (number in _OF_TERMINAL and _in_foreground()):
            os.kill(child.pid, number)

    forwarded = (*_FORWARDED, *_OF_TERMINAL)
    before = {number: signal.signal(number, forward) for number in forwarded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Whether Ctrl-C in the terminal goes to this process, and so to its child as well."""
    try:
        return os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False  # no terminal: whoever sent the signal sent it to us alone
