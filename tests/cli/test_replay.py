"""A real agent records, and `joulebook replay` computes its windows again."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.endtoend.conftest import clean_environment
from tests.fakes.nvml_build import environment as fake_driver

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A GPU in real time that this process holds, at 250 W, and an agent's socket."""
    script = tmp_path / "script"
    holder = f"process {os.getpid()} 1000000 40\n"
    script.write_text(f"device\nuuid GPU-r\npower 0 250000\nperiod 1000\n{holder}")
    with tempfile.TemporaryDirectory(prefix="jb-") as short:
        socket = {"JOULEBOOK_AGENT_SOCKET": f"{short}/a.sock"}
        yield {**clean_environment(tmp_path), **fake_driver(script), **socket}


@pytest.fixture
def joulebook(environment: dict[str, str]) -> Run:
    def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "joulebook", *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def recording(joulebook: Run, tmp_path: Path) -> Path:
    """What an agent wrote while it measured one window."""
    path = tmp_path / "recording"
    words = ("agent", "--once", "--window-s", "0.3", "--sample-s", "0.1", "--record", path)
    done = joulebook(*words)
    assert done.returncode == 0, done.stderr
    return path


def test_windows_of_an_agent_come_out_the_same_to_the_byte(joulebook: Run, recording: Path) -> None:
    done = joulebook("replay", recording)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        r"\d+ windows?, \d+\.\d J: the same as recorded, to the byte\n", done.stdout
    )


def test_windows_are_printed_for_programs_with_parts_that_sum_to_them(
    joulebook: Run, recording: Path
) -> None:
    done = joulebook("replay", "--json", recording)
    windows = [json.loads(line) for line in done.stdout.splitlines()]
    assert "GPU-r" in {window["uid"] for window in windows}
    for window in windows:
        assert sum(part[2] for part in window["parts"]) == window["energy_uj"]


def test_an_agent_that_takes_spans_is_replayed_with_its_jobs(
    joulebook: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    words = ("agent", "--window-s", "0.4", "--record", str(tmp_path / "recording"))
    agent = subprocess.Popen(
        [sys.executable, "-m", "joulebook", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with agent:
        assert agent.stdout is not None
        assert agent.stdout.readline().startswith("joulebook agent ready")
        burn = "import time\nwhile time.process_time() < 0.3: pass"
        ran = joulebook("run", "--", sys.executable, "-c", burn)
        agent.send_signal(signal.SIGTERM)
    assert (ran.returncode, agent.returncode) == (0, 0)
    done = joulebook("replay", "--json", tmp_path / "recording")
    assert (done.returncode, done.stderr) == (0, "")
    windows = [json.loads(line) for line in done.stdout.splitlines()]
    booked = [part for window in windows for part in window["parts"] if part[0] == "job"]
    assert sum(energy for _, _, energy in booked) > 0


def test_a_window_that_comes_out_otherwise_is_named_and_fails(
    joulebook: Run, recording: Path
) -> None:
    text = recording.read_text()
    before, _, after = text.rpartition('"energy_uj":')
    recording.write_text(f'{before}"energy_uj":1{after}')
    done = joulebook("replay", recording)
    assert done.returncode == 1
    assert re.search(
        r"line \d+: window \d+ \(.+\), energy_uj: recorded 1\d+, computed", done.stderr
    )
    assert done.stdout == ""


def test_a_recording_that_was_cut_short_is_told_with_what_was_right_before(
    joulebook: Run, recording: Path
) -> None:
    content = recording.read_bytes()
    recording.write_bytes(content[: content.index(b'["windows"') + 5])
    done = joulebook("replay", recording)
    assert done.returncode == 1
    assert "0 windows before this are as recorded" in done.stderr
    assert "cut short" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_recording_is_refused(joulebook: Run, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("{}\n")
    done = joulebook("replay", tmp_path / "other")
    assert done.returncode == 1
    assert "is not a recording of joulebook" in done.stderr


def test_a_file_that_is_not_there_is_told(joulebook: Run, tmp_path: Path) -> None:
    done = joulebook("replay", tmp_path / "nowhere")
    assert done.returncode == 1
    assert "No such file" in done.stderr


def test_an_agent_does_not_write_over_an_earlier_recording(joulebook: Run, recording: Path) -> None:
    content = recording.read_bytes()
    done = joulebook("agent", "--once", "--window-s", "0.3", "--record", recording)
    assert done.returncode == 1
    assert "File exists" in done.stderr
    assert recording.read_bytes() == content
