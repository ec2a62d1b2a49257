"""SIGKILL in the middle of merging, in a real process."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.shipping.measured import expected, totals

from joulebook.clock import ManualClock
from joulebook.shipping.spool import Spool

ROOT = Path(__file__).parents[2]
SMALL = "49152"  # bytes: every few appends merge
SEED = int(os.environ.get("JOULEBOOK_TEST_SEED", "5"))  # noqa: TID251 - a test's own seed


@pytest.mark.parametrize("turn", range(6))
def test_a_kill_while_merging_loses_no_joule_and_doubles_none(path: Path, turn: int) -> None:
    after = random.Random(SEED + turn).randrange(80, 400)  # noqa: S311 - which moment, no secret
    command = [sys.executable, "-m", "tests.shipping.append_turns", str(path), SMALL]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(after):
            process.stdout.readline()
        process.kill()
        said = after + len(process.stdout.read().split())
    spool = Spool(path, ManualClock())
    told = totals(spool.entries())
    assert spool.held().merged
    # What was kept and not yet said when the kill came may be there too.
    assert told in (expected(range(said)), expected(range(said + 1))), f"seed {SEED}"
    spool.close()
