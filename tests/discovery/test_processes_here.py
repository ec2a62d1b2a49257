"""The real /proc of this machine, with real children."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joulebook.discovery.processes import ProcessTable

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
BURN = "import time\nwhile time.process_time() < 0.2: pass"
WAIT = "print(flush=True); input()"


@pytest.fixture
def table() -> ProcessTable:
    return ProcessTable(Path("/proc"))


@pytest.fixture
def child() -> Iterator["subprocess.Popen[str]"]:
    """A child that waits, with a child of its own that waits too."""
    inner = f"[sys.executable, '-c', {WAIT!r}]"
    program = f"import subprocess, sys; subprocess.run({inner})"
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:  # type: ignore[call-overload] # pipes are plain
        assert process.stdout is not None
        process.stdout.readline()  # the grandchild is up
        yield process
        process.communicate("\n")


def test_a_grandchild_is_below_its_parent(
    table: ProcessTable, child: "subprocess.Popen[str]"
) -> None:
    seen = table.look()
    (grandchild,) = [pid for pid, process in seen.items() if process.parent == child.pid]
    assert seen[child.pid].parent == os.getpid()
    assert seen[grandchild].started >= seen[child.pid].started


def test_a_child_that_was_reaped_is_still_counted(table: ProcessTable) -> None:
    before = table.look()[os.getpid()].ticks
    subprocess.run([sys.executable, "-c", BURN], check=True)
    # A tick is the least that is counted, of user and of system time each.
    assert table.look()[os.getpid()].ticks - before >= int(0.2 * TICKS_PER_S) - 2


def test_a_reaped_child_takes_no_time_away(table: ProcessTable) -> None:
    with subprocess.Popen([sys.executable, "-c", BURN]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, not reaped
        seen = table.look()
        unreaped = seen[os.getpid()].ticks + seen[process.pid].ticks
        process.wait()
        assert table.look()[os.getpid()].ticks >= unreaped


def test_own_time_agrees_with_the_kernels_other_account(table: ProcessTable) -> None:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    least = sum(use.ru_utime + use.ru_stime for use in uses)
    # Each of the four times is rounded down to a tick.
    assert table.look()[os.getpid()].ticks >= (least * TICKS_PER_S) - 4


def test_own_memory_is_more_than_nothing_and_less_than_the_host(table: ProcessTable) -> None:
    size = table.pss_bytes([os.getpid()])
    assert size is not None
    assert 0 < size < table.memory().total_bytes


def test_the_host_is_at_least_as_busy_as_a_child_that_burns(table: ProcessTable) -> None:
    before = table.host_cpu()
    subprocess.run([sys.executable, "-c", BURN], check=True)
    after = table.host_cpu()
    assert after.busy_ticks - before.busy_ticks >= int(0.1 * TICKS_PER_S)
    assert after.total_ticks > before.total_ticks


def test_a_process_that_was_reaped_does_not_exist(table: ProcessTable) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not table.exists(process.pid)
    assert table.exists(os.getpid())
