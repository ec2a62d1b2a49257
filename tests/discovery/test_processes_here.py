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


def test_a_grandchild_is_in_the_tree(table: ProcessTable, child: "subprocess.Popen[str]") -> None:
    tree = table.tree(os.getpid())
    assert {os.getpid(), child.pid} < tree
    assert len(table.tree(child.pid)) == 2


def test_a_child_that_was_reaped_is_still_counted(table: ProcessTable) -> None:
    before = table.cpu_ticks([os.getpid()])
    subprocess.run([sys.executable, "-c", BURN], check=True)
    assert table.cpu_ticks([os.getpid()]) - before >= int(0.2 * TICKS_PER_S)


def test_a_reaped_child_takes_no_time_away(table: ProcessTable) -> None:
    with subprocess.Popen([sys.executable, "-c", BURN]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # ended, not reaped
        unreaped = table.cpu_ticks([os.getpid(), process.pid])
        process.wait()
        assert table.cpu_ticks([os.getpid(), process.pid]) >= unreaped


def test_own_time_agrees_with_the_kernels_other_account(table: ProcessTable) -> None:
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    least = sum(use.ru_utime + use.ru_stime for use in uses)
    # Each of the four times is rounded down to a tick.
    assert table.cpu_ticks([os.getpid()]) >= (least * TICKS_PER_S) - 4


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


def test_a_childs_environment_is_readable(table: ProcessTable) -> None:
    environment = {"JOULEBOOK_MODEL": "digits"}
    command = [sys.executable, "-c", WAIT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = table.environ(process.pid)
        process.communicate(b"\n")
    assert found is not None
    assert found["JOULEBOOK_MODEL"] == "digits"


def test_a_process_that_was_reaped_does_not_exist(table: ProcessTable) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert not table.exists(process.pid)
    assert table.exists(os.getpid())
