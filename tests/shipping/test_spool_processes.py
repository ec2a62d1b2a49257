"""Real processes: several at once, forked, and killed at any time."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of

from joulebook.clock import ManualClock, SystemClock
from joulebook.shipping.spool import Spool

ROOT = Path(__file__).parents[2]


def _appender(path: Path, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.shipping.append_batches", str(path), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _held(path: Path) -> list[int]:
    spool = Spool(path, ManualClock())
    try:
        return [entry.seq for entry in spool.pending(1_000_000)]
    finally:
        spool.close()


@pytest.mark.parametrize("after", [1, 2, 5, 11, 23])
def test_a_durable_batch_survives_a_kill(path: Path, after: int) -> None:
    with _appender(path, 1_000_000) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(after)]
        process.kill()
        said += [int(line) for line in process.stdout.read().split()]
    held = _held(path)
    assert set(said) <= set(held)
    assert held == list(range(len(held)))


def test_the_numbers_go_on_after_a_kill(path: Path) -> None:
    with _appender(path, 1_000_000) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.kill()
    before = _held(path)
    spool = Spool(path, ManualClock())
    assert spool.append(batch_of) == len(before)
    spool.close()


def test_processes_that_append_at_once_lose_and_repeat_nothing(path: Path) -> None:
    processes = [_appender(path, 40) for _ in range(4)]
    said = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(said) == list(range(160)) == _held(path)


def test_threads_that_append_at_once_lose_and_repeat_nothing(spool: Spool) -> None:
    said: list[int] = []

    def append() -> None:
        said.extend(spool.append(batch_of) for _ in range(25))

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == list(range(100)) == [entry.seq for entry in spool.pending(1_000)]


def test_parent_and_forked_child_use_one_spool(path: Path) -> None:
    """In an interpreter of its own, so that the fork copies no thread of the test runner."""
    program = f"""
import os, sys
from pathlib import Path
from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from tests.shipping.batches import batch_of
spool = Spool(Path({str(path)!r}), SystemClock())
spool.append(batch_of)
child = os.fork()
for _ in range(30):
    spool.append(batch_of)
if not child:
    sys.exit(0)  # a full end of the interpreter, with all its destructors
assert os.waitpid(child, 0)[1] == 0
for _ in range(5):
    spool.append(batch_of)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert _held(path) == list(range(66))


def test_a_forked_child_that_never_touches_the_spool_does_no_harm(path: Path) -> None:
    program = f"""
import os, sys
from pathlib import Path
from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from tests.shipping.batches import batch_of
spool = Spool(Path({str(path)!r}), SystemClock())
for _ in range(10):
    spool.append(batch_of)
    if not (child := os.fork()):
        sys.exit(0)
    spool.append(batch_of)
    assert os.waitpid(child, 0)[1] == 0
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert _held(path) == list(range(20))


def test_a_fork_past_python_is_refused_in_the_child(path: Path) -> None:
    program = f"""
import ctypes, os
from pathlib import Path
from joulebook.clock import SystemClock
from joulebook.errors import SpoolError
from joulebook.shipping.spool import Spool
from tests.shipping.batches import batch_of
spool = Spool(Path({str(path)!r}), SystemClock())
spool.append(batch_of)
if not (child := ctypes.PyDLL(None).fork()):
    try:
        spool.append(batch_of)
    except SpoolError:
        os._exit(7)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
spool.append(batch_of)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert _held(path) == [0, 1]


def test_forks_in_the_middle_of_an_append_do_no_harm(path: Path) -> None:
    program = f"""
import os, sys, threading
from pathlib import Path
from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from tests.shipping.batches import batch_of
spool = Spool(Path({str(path)!r}), SystemClock())
thread = threading.Thread(target=lambda: [spool.append(batch_of) for _ in range(300)])
thread.start()
for turn in range(20):
    if not (child := os.fork()):
        if turn % 2:
            spool.append(batch_of)
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
thread.join()
assert spool.notice is None
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert _held(path) == list(range(310))


def test_processes_that_find_damage_at_once_share_one_new_file(path: Path) -> None:
    spool = Spool(path, SystemClock())
    for _ in range(60):
        spool.append(batch_of)
    spool.close()
    with path.open("r+b") as file:
        file.write(os.urandom(4096))
    processes = [_appender(path, 10) for _ in range(4)]
    said = [int(line) for process in processes for line in process.communicate()[0].split()]
    assert sorted(said) == list(range(60, 100))
    assert _held(path) == list(range(100))


def test_processes_that_start_at_once_agree_on_the_agent(path: Path) -> None:
    for process in [_appender(path, 3) for _ in range(4)]:
        process.communicate()
    spool = Spool(path, ManualClock())
    assert {batch.agent.id for batch in spool.entries()} == {spool.agent_id}
    spool.close()
