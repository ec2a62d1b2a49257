"""Real short processes on this machine, whose parent never waits for them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joulebook.discovery.processes import ProcessTable
from joulebook.metering.activity import Activity

CGROUPS = Path("/sys/fs/cgroup")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

#: 50 children, one after another, each of which burns 10 ms; nobody waits, so their time is lost.
BURN = """
import os, signal, sys, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print(flush=True)
input()
for _ in range(50):
    if os.fork() == 0:
        until = time.process_time() + 0.01
        while time.process_time() < until: pass
        os._exit(0)
    try:
        os.wait()
    except ChildProcessError:
        pass
print(flush=True)
input()
"""


@pytest.fixture
def group() -> Iterator[Path]:
    """A cgroup of our own that counts CPU time; skips where none can be made."""
    trees = [CGROUPS / "cpuacct", CGROUPS / "cpu,cpuacct", CGROUPS]
    tree = next((one for one in trees if (one / "cgroup.procs").is_file()), None)
    if tree is None:
        pytest.skip(f"no cgroups in {CGROUPS}")
    folder = tree / f"joulebook-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no cgroup can be made in {tree}: {error.strerror}")
    yield folder
    folder.rmdir()


@pytest.fixture
def burner() -> Iterator["subprocess.Popen[str]"]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", BURN], text=True, **pipes) as process:  # type: ignore[call-overload] # pipes are plain
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.communicate("\n")


def ticks_of(burner: "subprocess.Popen[str]") -> int:
    """What is booked to the burner once all its children have come and gone."""
    activity = Activity(ProcessTable(Path("/proc"), cgroupfs_root=CGROUPS), {burner.pid})
    assert burner.stdin is not None
    assert burner.stdout is not None
    burner.stdin.write("\n")
    burner.stdin.flush()
    burner.stdout.readline()
    activity.watch([])
    return activity.cpu("cpu:m:package-0").by_job[burner.pid]


def test_a_cgroup_of_its_own_tells_the_time_of_children_that_nobody_waited_for(
    group: Path, burner: "subprocess.Popen[str]"
) -> None:
    (group / "cgroup.procs").write_text(f"{burner.pid}\n")
    assert ticks_of(burner) >= 0.5 * TICKS_PER_S


def test_without_one_the_account_is_never_more_than_was_used(
    burner: "subprocess.Popen[str]",
) -> None:
    before = os.times()
    ticks = ticks_of(burner)
    # Everything that ran here meanwhile, counted by the wall: one process at a time.
    assert ticks <= (os.times().elapsed - before.elapsed) * TICKS_PER_S * (os.cpu_count() or 1) + 4
