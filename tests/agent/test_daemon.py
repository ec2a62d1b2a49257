"""The agent as a process: its life, its flags, its refusals."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.agent.conftest import Agent

from joulebook.clock import SystemClock
from joulebook.wire import check, decode

StartAgent = Callable[..., Agent]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(home: dict[str, str], tmp_path: Path) -> Run:
    """Runs `joulebook agent WORDS...` to its end."""

    def words(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "joulebook", "agent", *words],
            env=home | extra,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return words


def converse(agent: Agent, *lines: bytes) -> list[dict[str, object]]:
    """The greeting and the answers to some lines."""
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rb") as answers:
        connection.settimeout(30)
        connection.connect(str(agent.socket))
        told = [json.loads(answers.readline())]
        for line in lines:
            connection.sendall(line + b"\n")
            told.append(json.loads(answers.readline()))
        return told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_with_its_last_window_on_disk(
    start_agent: StartAgent, number: signal.Signals
) -> None:
    agent = start_agent("--window-s", "600")
    assert agent.batches() == []  # no window is full yet
    agent.stop(number)
    assert agent.process.returncode == 0
    assert not agent.socket.exists()
    (batch,) = agent.batches()
    check(batch, SystemClock().wall_us())
    assert batch.agent.role == "agent"
    assert sum(batch.parts.energy_uj) == sum(batch.meters.energy_uj)


def test_all_energy_of_an_untracked_host_is_named(start_agent: StartAgent) -> None:
    agent = start_agent()
    agent.stop()
    buckets = {bucket for batch in agent.batches() for bucket in batch.parts.bucket}
    assert buckets
    assert buckets <= {"idle", "system", "unknown"}


def test_a_second_agent_on_the_socket_is_refused_in_one_line(
    start_agent: StartAgent, run: Run
) -> None:
    agent = start_agent()
    second = run("--socket", str(agent.socket))
    assert second.returncode == 1
    assert "an agent listens on" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_socket_of_a_killed_agent_is_taken_over(start_agent: StartAgent) -> None:
    start_agent().stop(signal.SIGKILL)
    agent = start_agent()
    assert converse(agent)[0]["ok"] is True


def test_a_folder_that_cannot_be_used_is_one_clear_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("--socket", str(tmp_path / "file" / "a.sock"))
    assert done.returncode == 1
    assert "--socket" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_path_too_long_for_a_socket_says_so(run: Run, tmp_path: Path) -> None:
    done = run("--socket", str(tmp_path / ("x" * 120)))
    assert done.returncode == 1
    assert "at most 107 bytes" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--socket", "none"), "--socket"),
        (("--window-s", "never"), "window_s"),  # the settings themselves are not understood
    ],
)
def test_what_stops_its_start_is_one_json_object_where_the_log_is_json(
    run: Run, words: tuple[str, ...], message: str
) -> None:
    done = run(*words, JOULEBOOK_LOG_FORMAT="json")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    told = json.loads(line)
    assert told["level"] == "error"
    assert message in told["message"]


def test_a_page_that_cannot_be_opened_is_one_json_object_too(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        told = {"JOULEBOOK_METRICS_LISTEN": listen, "JOULEBOOK_LOG_FORMAT": "json"}
        done = run("--socket", str(tmp_path / "a.sock"), **told)
    assert done.returncode == 1
    errors = [json.loads(line) for line in done.stderr.splitlines()]
    (message,) = [one["message"] for one in errors if one["level"] == "error"]
    assert message == (
        f"joulebook: cannot listen on {listen}: Address already in use; set metrics_listen "
        "(JOULEBOOK_METRICS_LISTEN) to another address or port"
    )


def test_the_line_that_scripts_wait_for_is_the_same_whatever_the_form_of_the_log(
    start_agent: StartAgent,
) -> None:
    lines = []
    for form in ("text", "json"):
        agent = start_agent(JOULEBOOK_LOG_FORMAT=form)
        lines.append(agent.ready)
        agent.stop()
    assert lines[0] == lines[1]
    assert lines[0].startswith("joulebook agent ready on ")


def test_no_socket_at_all_is_refused(run: Run) -> None:
    done = run("--socket", "none")
    assert done.returncode == 1
    assert "--socket" in done.stderr


def test_once_keeps_one_window(run: Run, tmp_path: Path) -> None:
    done = run("--once", "--window-s", "0.3", "--state-dir", str(tmp_path / "agent"))
    assert done.returncode == 0, done.stderr
    assert "kept in" in done.stdout
    assert list((tmp_path / "agent").glob("agent-*.db"))


def test_a_dry_run_prints_batches_that_keep_the_contract_and_keeps_nothing(
    run: Run, tmp_path: Path
) -> None:
    state = tmp_path / "agent"
    flags = ("--server", "http://127.0.0.1:9", "--state-dir", str(state))
    done = run("--dry-run", "--once", "--window-s", "0.3", *flags)
    assert done.returncode == 0, done.stderr
    batches = [decode(line.encode()) for line in done.stdout.splitlines()]
    assert sum(len(batch.meters.device) for batch in batches) >= 1
    for batch in batches:
        check(batch, SystemClock().wall_us())
    assert not state.exists()


def test_settings_come_from_the_environment_too(start_agent: StartAgent) -> None:
    agent = start_agent(JOULEBOOK_ZONE="FR")
    assert converse(agent)[0]["zone"] == "FR"


def test_an_unknown_setting_stops_the_agent(run: Run) -> None:
    done = run("--once", JOULEBOOK_ZOEN="FR")
    assert done.returncode == 1
    assert "JOULEBOOK_ZONE" in done.stderr


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (b"no json", "$"),
        (b"[]", "$"),
        (b'{"op": "fly"}', "$.op"),
        (b'{"op": "end", "key": "x"}', "$.key"),
        (b'{"op": "begin", "uid": "run:1", "key": "a", "kind": "cooking"}', "$.kind"),
        (b'{"op": "begin", "uid": "", "key": "a", "kind": "other"}', "$.uid"),
        (b'{"op": "begin", "uid": "run:1", "key": "a", "kind": "other", "outer": "z"}', "$.outer"),
        (b'{"op": "log", "key": "x", "work": {"samples": NaN}}', "$"),
    ],
)
def test_a_bad_line_is_refused_by_its_path_and_the_connection_goes_on(
    start_agent: StartAgent, line: bytes, path: str
) -> None:
    _, refused, alive = converse(start_agent(), line, b'{"op": "beat"}')
    assert (refused["ok"], refused["path"]) == (False, path)
    assert alive == {"ok": True}


def test_a_line_without_end_is_cut_off(start_agent: StartAgent) -> None:
    refused = converse(start_agent(), b"x" * 70_000)[1]
    assert refused["ok"] is False
    assert "65536" in str(refused["problem"])


def test_a_key_cannot_be_opened_twice(start_agent: StartAgent) -> None:
    begin = b'{"op": "begin", "uid": "run:1", "key": "a", "kind": "other"}'
    _, first, second = converse(start_agent(), begin, begin)
    assert first["ok"] is True
    assert second["path"] == "$.key"
