import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_of_the_command_is_ours(joulebook: Command, code: int) -> None:
    assert joulebook("run", "--", sys.executable, "-c", f"exit({code})").returncode == code


def test_a_command_that_does_not_exist_is_127_and_says_so(joulebook: Command) -> None:
    done = joulebook("run", "--", "no-such-command")
    assert done.returncode == 127
    assert "no-such-command: command not found" in done.stderr


def test_no_command_is_wrong_usage(joulebook: Command) -> None:
    done = joulebook("run")
    assert done.returncode == 2
    assert "joulebook run -- python train.py" in done.stderr


def test_output_and_input_of_the_command_go_through(
    environment: dict[str, str],
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "joulebook", "run", "--", "cat"],
        input="through",
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "through"


def test_flags_of_the_command_are_not_ours(joulebook: Command) -> None:
    done = joulebook("run", "--model", "m", "--", "echo", "--model", "theirs", "--", "x")
    assert done.stdout == "--model theirs -- x\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_goes_through_to_the_command(environment: dict[str, str], number: int) -> None:
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: sys.exit(33))\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "joulebook", "run", "--", sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, number)
    assert process.wait(30) == 33
    process.stdout.close()


def test_a_command_killed_by_a_signal_is_128_and_the_signal(joulebook: Command) -> None:
    done = joulebook("run", "--", "sh", "-c", "kill -KILL $$")
    assert done.returncode == 128 + signal.SIGKILL


def test_what_the_command_tracks_itself_is_a_child_of_the_run(joulebook: Command) -> None:
    code = "import joulebook\nwith joulebook.track(kind='evaluation') as run: print(run.uid)"
    joulebook("run", "--kind", "training", "--", sys.executable, "-c", code)
    done = joulebook("report", "--group-by", "job,kind", "--json")
    assert '"kind": "training"' in done.stdout


def test_the_terminal_of_the_command_is_ours(environment: dict[str, str], tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    code = "import os; print(os.isatty(0), os.isatty(1), os.getpgrp() == os.tcgetpgrp(0))"
    process = subprocess.Popen(
        [sys.executable, "-m", "joulebook", "run", "--", sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        preexec_fn=lambda: _take(theirs),  # noqa: PLW1509 - no thread runs in the child yet
    )
    os.close(theirs)
    assert process.wait(60) == 0
    told = os.read(ours, 4096).decode()
    os.close(ours)
    assert told.split() == ["True", "True", "True"]


def _take(terminal: int) -> None:
    """Begin a session whose terminal this is, as a shell's is."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
