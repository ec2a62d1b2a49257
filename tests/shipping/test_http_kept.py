"""One connection serves many batches, and its end is nobody's failure."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.peer import Act, Asked, Peer, answer, hang_up, reset, response, wait, well

from joulebook.clock import ManualClock
from joulebook.core.units import US_PER_S
from joulebook.errors import Unreachable
from joulebook.shipping.connection import KEEP_S
from joulebook.shipping.http import HttpSender
from joulebook.wire import encode

ROOT = Path(__file__).parents[2]
MakePeer = Callable[..., Peer]


def _to(peer: Peer, timeout_s: float = 30.0, clock: ManualClock | None = None) -> HttpSender:
    return HttpSender(f"http://127.0.0.1:{peer.port}", None, timeout_s, clock=clock)


def _send(sender: HttpSender, seq: int) -> int:
    return sender.send(encode(batch_of("agent", "epoch", seq))).seq


def test_many_batches_go_over_one_connection(peer_of: MakePeer) -> None:
    peer = peer_of()
    sender = _to(peer)
    assert [_send(sender, seq) for seq in range(5)] == [0, 1, 2, 3, 4]
    assert peer.connections == [0] * 5


def test_a_connection_that_the_server_closed_meanwhile_costs_nothing(peer_of: MakePeer) -> None:
    peer = peer_of([well])
    sender = _to(peer)
    _send(sender, 0)
    assert peer.wait_closed(0)
    assert _send(sender, 1) == 1
    assert peer.connections == [0, 1]


@pytest.mark.parametrize("cut", [hang_up, reset])
def test_a_server_that_closes_just_as_we_send_gets_the_same_bytes_again(
    peer_of: MakePeer, cut: Act
) -> None:
    peer = peer_of([well, cut])
    sender = _to(peer)
    _send(sender, 0)
    assert _send(sender, 1) == 1
    assert peer.connections == [0, 0, 1]
    assert peer.asked[1].raw == peer.asked[2].raw


def test_a_second_cut_in_a_row_is_told(peer_of: MakePeer) -> None:
    peer = peer_of([well, hang_up], [hang_up])
    sender = _to(peer)
    _send(sender, 0)
    with pytest.raises(Unreachable):
        _send(sender, 1)
    assert peer.connections == [0, 0, 1]


def test_a_new_connection_that_is_cut_is_not_tried_again_at_once(peer_of: MakePeer) -> None:
    peer = peer_of([hang_up])
    with pytest.raises(Unreachable):
        _send(_to(peer), 0)
    assert peer.connections == [0]


def test_a_server_that_is_slow_is_not_asked_twice_and_its_late_answer_not_heard(
    peer_of: MakePeer,
) -> None:
    peer = peer_of([well, wait])
    sender = _to(peer, 2.0)
    _send(sender, 0)
    with pytest.raises(Unreachable, match="timed out"):
        _send(sender, 1)
    assert peer.connections == [0, 0]
    assert _send(sender, 1) == 1
    assert peer.connections == [0, 0, 1]


def test_what_came_unasked_is_no_answer_to_the_next_batch(peer_of: MakePeer) -> None:
    read, sent = threading.Event(), threading.Event()

    def twice(end: socket.socket, asked: Asked) -> None:
        well(end, asked)
        assert read.wait(60)
        end.sendall(response(answer(asked.seq + 1)))
        sent.set()

    peer = peer_of([twice, hang_up])
    sender = _to(peer)
    _send(sender, 0)
    read.set()
    assert sent.wait(60)
    assert _send(sender, 1) == 1
    assert peer.connections == [0, 1]


def test_a_connection_silent_for_a_minute_is_not_trusted(peer_of: MakePeer) -> None:
    peer = peer_of()
    clock = ManualClock()
    sender = _to(peer, clock=clock)
    _send(sender, 0)
    clock.advance(int(KEEP_S) * US_PER_S)
    _send(sender, 1)
    clock.advance(int(KEEP_S) * US_PER_S + 1)
    _send(sender, 2)
    assert peer.connections == [0, 0, 1]


def test_a_server_that_says_it_will_close_is_believed(peer_of: MakePeer) -> None:
    def last(end: socket.socket, asked: Asked) -> None:
        end.sendall(response(answer(asked.seq), "HTTP/1.1 200 OK\r\nConnection: close"))

    peer = peer_of([last, hang_up])
    sender = _to(peer)
    assert [_send(sender, seq) for seq in range(2)] == [0, 1]
    assert peer.connections == [0, 1]


def test_threads_share_the_connection_and_every_one_gets_its_own_answer(
    peer_of: MakePeer,
) -> None:
    peer = peer_of()
    sender = _to(peer)
    got: dict[int, int] = {}

    def send(first: int) -> None:
        got.update({seq: _send(sender, seq) for seq in range(first, first + 10)})

    threads = [threading.Thread(target=send, args=(first,)) for first in range(0, 40, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {seq: seq for seq in range(40)}
    assert set(peer.connections) == {0}


def test_a_sender_that_is_no_longer_needed_closes_its_connection(peer_of: MakePeer) -> None:
    peer = peer_of()
    sender = _to(peer)
    _send(sender, 0)
    del sender
    assert peer.wait_closed(0)


FORK = """
import os, sys
from joulebook.shipping.http import HttpSender
from joulebook.wire import encode
from tests.shipping.batches import batch_of

def send(seq):
    assert sender.send(encode(batch_of("agent", "epoch", seq))).seq == seq

def sockets():
    opened = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return sum(os.path.islink(one) and os.readlink(one).startswith("socket:") for one in opened)

sender = HttpSender(sys.argv[1])
send(0)
assert sockets() == 1
if not (child := os.fork()):
    assert sockets() == 0
    send(1)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
send(2)
"""


def test_a_forked_child_has_a_connection_of_its_own_and_leaves_its_parents_alone(
    peer_of: MakePeer,
) -> None:
    """In an interpreter of its own, so that the fork copies no thread of the test runner."""
    peer = peer_of()
    url = f"http://127.0.0.1:{peer.port}"
    subprocess.run([sys.executable, "-c", FORK, url], cwd=ROOT, check=True)
    assert [(asked.seq, asked.connection) for asked in peer.asked] == [(0, 0), (1, 1), (2, 0)]


FORK_MEANWHILE = """
import os, sys, threading
from joulebook.shipping.http import HttpSender
from joulebook.wire import encode
from tests.shipping.batches import batch_of

def send(seq):
    assert sender.send(encode(batch_of("agent", "epoch", seq))).seq == seq

sender = HttpSender(sys.argv[1])
send(0)
thread = threading.Thread(target=send, args=(1,))
thread.start()
sys.stdin.readline()  # the server has the request, and does not answer yet
if not (child := os.fork()):
    send(2)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
print("forked", flush=True)
thread.join()
"""


def test_a_fork_in_the_middle_of_a_request_waits_for_no_server(peer_of: MakePeer) -> None:
    came, forked = threading.Event(), threading.Event()

    def late(end: socket.socket, asked: Asked) -> None:
        came.set()
        assert forked.wait(60)
        well(end, asked)

    peer = peer_of([well, late])
    words = [sys.executable, "-W", "ignore", "-c", FORK_MEANWHILE, f"http://127.0.0.1:{peer.port}"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert came.wait(60)
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "forked\n"
        forked.set()
    assert process.returncode == 0
    assert [(asked.seq, asked.connection) for asked in peer.asked] == [(0, 0), (1, 0), (2, 1)]
