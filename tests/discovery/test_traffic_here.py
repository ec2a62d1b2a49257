"""Bytes of a real process in a real network namespace."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from joulebook.discovery.processes import ProcessTable
from joulebook.discovery.traffic import Traffic

FRAME_BYTES, FRAMES = 1_000, 10
MOVED_BYTES = FRAME_BYTES * FRAMES
# Two ends of a cable: what is sent into one is received by the other.
CABLE = "ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"
SEND = f"""
import socket
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("v0", 0))
print("up", flush=True)
while input():
    for _ in range({FRAMES}):
        raw.send(b"\\xff" * 6 + b"\\x02" * 6 + b"\\x88\\xb5" + bytes({FRAME_BYTES} - 14))
    print("sent", flush=True)
"""


class Sender:
    """A process in a namespace of its own that sends when told to."""

    def __init__(self) -> None:
        within = f'{CABLE} && exec "$@"'
        command = ["unshare", "--net", "sh", "-c", within, "sh", sys.executable, "-c", SEND]
        pipes = subprocess.PIPE
        self._process = subprocess.Popen(
            command, text=True, stdin=pipes, stdout=pipes, stderr=pipes
        )
        self.pid = self._process.pid
        self.up = self._answer() == "up\n"

    def send(self) -> None:
        """Send `MOVED_BYTES`."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        assert self._answer() == "sent\n"

    def end(self) -> str:
        self._process.kill()
        return self._process.communicate()[1]

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@pytest.fixture
def sender() -> Iterator[Sender]:
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs root, unshare(1) and ip(8) for a network namespace")
    sender = Sender()
    if not sender.up:
        pytest.skip(f"no network namespace with a veth here: {sender.end()}")
    yield sender
    sender.end()


@pytest.fixture
def traffic() -> Traffic:
    return Traffic(Path("/proc"), Path("/sys/fs/cgroup"))


def test_what_a_process_in_its_own_namespace_sends_and_receives_is_its_own(
    sender: Sender, traffic: Traffic
) -> None:
    known = ProcessTable(Path("/proc")).look()
    traffic.look({"a": {sender.pid}}, known)
    before = traffic.moved("a")
    sender.send()
    traffic.look({"a": {sender.pid}}, known)
    after = traffic.moved("a")
    assert (before.received_bytes, before.sent_bytes) == (0, 0)
    # The kernel may say hello to its neighbours by itself.
    assert MOVED_BYTES <= (after.sent_bytes or 0) < 2 * MOVED_BYTES
    assert MOVED_BYTES <= (after.received_bytes or 0) < 2 * MOVED_BYTES


def test_a_process_in_the_namespace_of_the_host_is_not_told(traffic: Traffic) -> None:
    traffic.look({"a": {os.getpid()}}, ProcessTable(Path("/proc")).look())
    moved = traffic.moved("a")
    assert (moved.received_bytes, moved.sent_bytes) == (None, None)
