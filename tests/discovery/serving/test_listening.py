"""Who listens on a port: real sockets of this machine, and trees that stand for others."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs
from tests.discovery.serving.conftest import ServingProcess

from joulebook.discovery.serving.listening import Listeners

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid …\n"


def row(address: str, state: str, inode: int) -> str:
    tail = f"00000000:00000000 00:00000000 00000000  1001        0 {inode} 1 0000000072462315 100"
    return f"   0: {address} 00000000:0000 {state} {tail} 0 0 10 0\n"


def holds(procfs: Procfs, pid: int, inode: int) -> None:
    procfs.write(f"{pid}/fd/.keep", "")
    (procfs.root / f"{pid}/fd/{inode}").symlink_to(f"socket:[{inode}]")


@pytest.fixture
def here() -> Listeners:
    return Listeners(Path("/proc"))


def test_the_process_that_listens_on_a_port_is_found(
    here: Listeners, start: Callable[..., ServingProcess], tmp_path: Path
) -> None:
    process = start(tmp_path / "page")
    assert here.on(process.port) == (process.pid,)


def test_a_port_on_the_ipv6_loopback_is_found_as_well(here: Listeners) -> None:
    with socket.socket(socket.AF_INET6) as listening:
        try:
            listening.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback here")
        listening.listen()
        assert here.on(listening.getsockname()[1]) == (os.getpid(),)


def test_a_port_that_is_only_talked_from_is_not_listened_on(here: Listeners) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as talking,
    ):
        assert here.on(talking.getsockname()[1]) == ()


def test_a_port_that_was_closed_has_nobody_and_one_opened_again_has_the_new_one(
    here: Listeners, start: Callable[..., ServingProcess], tmp_path: Path
) -> None:
    first = start(tmp_path / "page")
    assert here.on(first.port) == (first.pid,)
    first.end()
    assert here.on(first.port) == ()
    second = start(tmp_path / "page", first.port)
    assert here.on(first.port) == (second.pid,)


def test_workers_that_were_forked_hold_the_port_together(procfs: Procfs) -> None:
    procfs.write("net/tcp", HEAD + row("00000000:1F90", "0A", 77))
    for pid in (60, 50):
        holds(procfs, pid, 77)
    listeners = Listeners(procfs.root)
    assert listeners.on(8080) == (50, 60)
    (procfs.root / "50/fd/77").unlink()
    assert listeners.on(8080) == (60,)


def test_a_listener_of_another_user_is_unknown_and_not_nobody(procfs: Procfs) -> None:
    procfs.write("net/tcp6", HEAD + row("00000000000000000000000001000000:1F90", "0A", 77))
    assert Listeners(procfs.root).on(8080) is None


def test_without_a_table_nobody_can_tell(procfs: Procfs) -> None:
    assert Listeners(procfs.root).on(8080) is None


def test_other_ports_states_and_lines_cut_short_are_passed_over(procfs: Procfs) -> None:
    rows = row("0100007F:1F91", "0A", 1) + row("0100007F:1F90", "01", 2) + "   2: 0100007F:1F90\n"
    procfs.write("net/tcp", HEAD + rows)
    assert Listeners(procfs.root).on(8080) == ()
