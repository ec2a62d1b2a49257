"""A server and an agent as one: how they start, stop, and what happens when one of them dies."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.cli.machines import PATIENCE_S, Machine, children, gone, start
from tests.waiting import until

Up = Callable[..., Machine]
Refused = Callable[..., str]

COMMANDS = {"server": "joulebook_server serve", "agent": "joulebook agent"}
STOPPING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
TRACKED = """
import joulebook
with joulebook.track(model="m", kind="training", project="p", summary=False):
    sum(range(1_000_000))
"""
WITHOUT_FASTAPI = (
    "import sys; sys.modules['fastapi'] = None\n"
    "from joulebook.cli import main\n"
    "sys.exit(main(sys.argv[1:]))"
)


@pytest.fixture
def agent_socket() -> Iterator[Path]:
    """A path short enough for the kernel, wherever the tests' own folder lies."""
    folder = Path(tempfile.mkdtemp(prefix="jb-"))
    yield folder / "a.sock"
    shutil.rmtree(folder)


@pytest.fixture
def here(environment: dict[str, str], agent_socket: Path) -> dict[str, str]:
    """The environment of a terminal on this machine."""
    return environment | {"JOULEBOOK_AGENT_SOCKET": str(agent_socket)}


@pytest.fixture
def up(here: dict[str, str], tmp_path: Path) -> Iterator[Up]:
    """Starts `joulebook up` on a free port, and ends it."""
    started: list[Machine] = []

    def make(*words: str) -> Machine:
        words = ("up", "--port", "0", *words)
        started.append(start(here, tmp_path, *words, last="Track from another terminal"))
        return started[-1]

    yield make
    for machine in started:
        if machine.process.poll() is None:
            machine.end(signal.SIGTERM)


@pytest.fixture
def refused(here: dict[str, str], tmp_path: Path) -> Refused:
    """Runs a `joulebook up` that cannot start; its one line."""

    def run(*words: str, head: tuple[str, ...] = ("-m", "joulebook")) -> str:
        done = subprocess.run(
            [sys.executable, *head, "up", *words],
            env=here,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        (line,) = done.stderr.splitlines()
        return line

    return run


def track(here: dict[str, str]) -> None:
    """A tracked job in another terminal; nothing in it names the server."""
    subprocess.run([sys.executable, "-c", TRACKED], env=here, check=True, timeout=PATIENCE_S)


def jobs(machine: Machine) -> list[str]:
    return [job["uid"] for job in json.loads(machine.ask("/v1/jobs"))["jobs"]]


def windows(machine: Machine) -> int:
    devices = json.loads(machine.ask("/v1/ledger/balance"))["devices"]
    return sum(device["windows"] for device in devices)


def test_its_first_line_names_the_server_and_where_the_data_is(up: Up, tmp_path: Path) -> None:
    line = r"joulebook up ready on http://127\.0\.0\.1:\d+ \(data in (.+); Ctrl-C stops it\)\n"
    found = re.fullmatch(line, up().lines[0])
    assert found is not None
    assert found[1] == str(tmp_path / "state")


def test_the_pages_it_names_are_there_and_the_dashboard_is_the_first(up: Up) -> None:
    machine = up()
    named = [line.split() for line in machine.lines if line.startswith("  ")]
    assert [name for name, _ in named] == ["dashboard", "report", "balance", "API"]
    for _, url in named:
        assert machine.ask(url.removeprefix(machine.url))


def test_a_job_tracked_in_another_terminal_reaches_the_server_through_the_agent(
    up: Up, here: dict[str, str]
) -> None:
    machine = up()
    track(here)
    assert until(lambda: len(jobs(machine)) == 1)


def test_the_command_it_prints_for_another_terminal_works(
    up: Up, environment: dict[str, str], tmp_path: Path
) -> None:
    machine = up()
    words = machine.lines[-1].partition(": ")[2].replace("python train.py", "true")
    elsewhere = {key: text for key, text in environment.items() if "JOULEBOOK" not in key}
    subprocess.run(words, shell=True, env=elsewhere, cwd=tmp_path, check=True)  # noqa: S602 - as typed
    assert until(lambda: '"model":"my-model"' in machine.ask("/v1/jobs"))


@pytest.mark.parametrize("number", STOPPING)
def test_asked_to_end_it_ends_well_with_both(up: Up, number: signal.Signals) -> None:
    machine = up()
    pids = children(machine.process.pid)
    assert len(pids) == 2
    assert machine.end(number) == (0, "")
    assert gone(*pids)


def test_the_last_window_is_on_the_server_when_it_has_ended(
    up: Up, here: dict[str, str], tmp_path: Path
) -> None:
    up().end(signal.SIGINT)
    words = ["serve", "--port", "0", "--database-url", f"sqlite:///{tmp_path}/state/server.db"]
    server = subprocess.Popen(
        [sys.executable, "-m", "joulebook_server", *words],
        env=here,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    alone = Machine(server, [server.stdout.readline()])
    counted = windows(alone)
    alone.end(signal.SIGTERM)
    assert counted > 0


def test_a_restart_keeps_the_data(up: Up, here: dict[str, str]) -> None:
    first = up()
    track(here)
    first.end(signal.SIGINT)
    second = up()
    assert len(jobs(second)) == 1
    assert '"exact":true' in second.ask("/v1/ledger/balance")


def test_the_folder_can_have_any_name(up: Up, tmp_path: Path) -> None:
    folder = tmp_path / "a b %41?#é"
    up("--folder", str(folder)).end(signal.SIGTERM)
    assert (folder / "server.db").is_file()
    assert list(folder.glob("agent-*.db"))


def test_a_zone_gives_emissions(up: Up, here: dict[str, str]) -> None:
    machine = up("--zone", "FR")
    track(here)
    assert until(lambda: windows(machine))
    (row,) = json.loads(machine.ask("/v1/reports?group_by=zone"))["rows"]
    assert row["zone"] == "FR"
    assert row["emissions_kg"] is not None


@pytest.mark.parametrize(("dead", "left"), [("agent", "server"), ("server", "agent")])
def test_when_one_dies_the_other_is_stopped_and_one_line_says_so(
    up: Up, dead: str, left: str
) -> None:
    machine = up()
    other = machine.child(COMMANDS[left])
    os.kill(machine.child(COMMANDS[dead]), signal.SIGKILL)
    said = f"joulebook: the {dead} ended by itself: killed by SIGKILL; the rest was stopped\n"
    assert machine.ended() == (1, said)
    assert gone(other)


def test_killed_it_leaves_no_process_behind(up: Up) -> None:
    machine = up()
    pids = children(machine.process.pid)
    assert len(pids) == 2
    machine.end(signal.SIGKILL)
    assert gone(*pids)


def test_after_a_kill_it_starts_again_with_its_data(up: Up, here: dict[str, str]) -> None:
    machine = up()
    pids = children(machine.process.pid)
    track(here)
    machine.end(signal.SIGKILL)
    assert gone(*pids)
    again = up()
    assert until(lambda: len(jobs(again)) == 1)
    assert '"exact":true' in again.ask("/v1/ledger/balance")


def test_a_port_in_use_is_named(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused("--port", port)
    assert f"127.0.0.1:{port}" in line
    assert "--port" in line


def test_a_folder_that_cannot_be_written_is_named(refused: Refused) -> None:
    line = refused("--port", "0", "--folder", "/proc/sys")  # read-only for everyone, root too
    assert "/proc/sys" in line
    assert "--folder" in line


def test_a_folder_that_is_a_file_is_named(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refused("--port", "0", "--folder", str(tmp_path / "file"))


def test_an_agent_that_runs_already_is_named(up: Up, refused: Refused, agent_socket: Path) -> None:
    up()
    assert f"an agent listens on {agent_socket} already" in refused("--port", "0")


def test_a_machine_without_the_server_is_told_what_to_install(refused: Refused) -> None:
    line = refused("--port", "0", head=("-c", WITHOUT_FASTAPI))
    assert line.endswith("fastapi not installed; run: pip install 'joulebook[server]'")


def test_an_unknown_zone_is_named(refused: Refused) -> None:
    assert "FR (France)" in refused("--port", "0", "--zone", "Frankreich")
