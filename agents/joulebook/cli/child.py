"""One child process: a module of our own, and what it says of itself."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

#: The longest that a child may take to end, s: the server gives its open requests 10 s.
STOP_S = 15.0
_READY = " ready on "
_TETHER = Path(__file__).with_name("tether.py")


class Child:
    """``python -m`` with some words, in a session of its own: Ctrl-C in the terminal is for us.

    Args:
        name: What it is, for people.
        words: Module and its arguments.
        environment: Its environment; ours if None.
        announces: Whether a ready line will come; else its output is left alone.
        wake: Called, on another thread, when the ready line came.

    Attributes:
        name: As given.
        ready: What its ready line says after "ready on"; None until it came.
        needed: Whether the others are of no use without it.
    """

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        environment: Mapping[str, str] | None,
        *,
        announces: bool,
        wake: Callable[[], None],
    ) -> None:
        self.name = name
        self.ready: str | None = None
        self.needed = False
        self._wake = wake
        # -P: no module in the current folder may take the place of one that we need.
        command = [sys.executable, "-P", "-m", *words]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if announces else None,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        if self._process.stdout is not None:
            stream = self._process.stdout
            threading.Thread(target=self._relay, args=(stream,), daemon=True).start()

    @property
    def code(self) -> int | None:
        """Its exit code, that of a shell where a signal ended it; None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    @property
    def ending(self) -> str:
        """How it ended, in words."""
        code = self._process.returncode
        return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"

    def stop(self) -> bool:
        """Ask it to end, and wait; False where it had to be killed."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def _relay(self, stream: IO[str]) -> None:
        """Catch the ready line; the other lines go on to our own output."""
        with stream:
            for line in stream:
                if self.ready is None and _READY in line:
                    self.ready = line.split(_READY, 1)[1].strip()
                    self._wake()
                else:
                    print(line, end="", flush=True)
