"""Real processes that track themselves, and what they leave in the spool."""

import subprocess
import sys
import textwrap
from pathlib import Path

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch

BURN = """
    import time
    def burn(seconds):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
"""


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def spooled(environment: dict[str, str]) -> list[Batch]:
    state = Path(environment["JOULEBOOK_STATE_DIR"])
    found = [Spool(path, SystemClock()) for path in state.glob("tracker-*.db")]
    return [batch for spool in found for batch in spool.entries()]
