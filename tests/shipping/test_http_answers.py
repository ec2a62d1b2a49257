"""Answers that are late, odd or cut: only a whole one of ours acknowledges or refuses."""

import socket
import time
from collections.abc import Callable

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.peer import Asked, Peer, answer, response, says, wait, well

from joulebook.errors import ShippingError, Unreachable
from joulebook.shipping.http import HttpSender
from joulebook.wire import encode

MakePeer = Callable[..., Peer]
GOOD = answer(7)
PROBLEM = b'{"detail": "must not be empty", "path": "$.host.id"}'
REFUSAL = "HTTP/1.1 422 Unprocessable Content\r\nContent-Type: application/problem+json"


def _to(peer: Peer, timeout_s: float = 30.0) -> HttpSender:
    return HttpSender(f"http://127.0.0.1:{peer.port}", None, timeout_s)


def _send(sender: HttpSender) -> int:
    return sender.send(encode(batch_of("agent", "epoch", 7))).seq


def _chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def _failure(peer: Peer, timeout_s: float = 30.0) -> ShippingError:
    with pytest.raises(ShippingError) as caught:
        _send(_to(peer, timeout_s))
    return caught.value


@pytest.mark.parametrize("kept", [0, 1, len(GOOD) // 2, len(GOOD) - 1])
def test_an_answer_that_is_cut_short_acknowledges_nothing(peer_of: MakePeer, kept: int) -> None:
    peer = peer_of([says(response(GOOD[:kept], length=len(GOOD)))])
    error = _failure(peer)
    assert isinstance(error, Unreachable)
    assert "cut short" in str(error)


@pytest.mark.parametrize("kept", [0, len(PROBLEM) // 2, len(PROBLEM) - 1])
def test_a_refusal_that_is_cut_short_refuses_nothing(peer_of: MakePeer, kept: int) -> None:
    peer = peer_of([says(response(PROBLEM[:kept], REFUSAL, len(PROBLEM)))])
    assert isinstance(_failure(peer), Unreachable)


def test_headers_that_are_cut_acknowledge_nothing(peer_of: MakePeer) -> None:
    peer = peer_of([says(b"HTTP/1.1 200 OK\r\nContent-Le")])
    assert isinstance(_failure(peer), Unreachable)


def test_an_answer_in_chunks_is_read_and_the_connection_kept(peer_of: MakePeer) -> None:
    peer = peer_of([says(_chunked(GOOD[:9], GOOD[9:])), well])
    sender = _to(peer)
    assert [_send(sender), _send(sender)] == [7, 7]
    assert peer.connections == [0, 0]


@pytest.mark.parametrize("end", [b"", b"5\r\nab", b"zz\r\n"], ids=repr)
def test_chunks_that_are_cut_acknowledge_nothing(peer_of: MakePeer, end: bytes) -> None:
    peer = peer_of([says(_chunked(GOOD, end=end))])
    assert isinstance(_failure(peer), Unreachable)


def test_a_go_on_before_the_answer_is_passed_over(peer_of: MakePeer) -> None:
    peer = peer_of([says(b"HTTP/1.1 100 Continue\r\n\r\n" + response(GOOD)), well])
    sender = _to(peer)
    assert [_send(sender), _send(sender)] == [7, 7]
    assert peer.connections == [0, 0]


def test_an_early_hint_is_no_answer_and_ends_the_connection(peer_of: MakePeer) -> None:
    peer = peer_of([says(b"HTTP/1.1 103 Early Hints\r\n\r\n"), wait])
    sender = _to(peer)
    with pytest.raises(Unreachable, match="103"):
        _send(sender)
    assert _send(sender) == 7
    assert peer.connections == [0, 1]


def test_a_server_of_http_1_0_is_sent_to_over_a_new_connection_each_time(
    peer_of: MakePeer,
) -> None:
    old = says(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD)
    peer = peer_of([old], [old])
    sender = _to(peer)
    assert [_send(sender), _send(sender)] == [7, 7]
    assert peer.connections == [0, 1]


def test_a_server_of_http_1_0_that_keeps_the_connection_is_kept(peer_of: MakePeer) -> None:
    old = says(response(GOOD, "HTTP/1.0 200 OK\r\nConnection: keep-alive"))
    peer = peer_of([old, old])
    sender = _to(peer)
    assert [_send(sender), _send(sender)] == [7, 7]
    assert peer.connections == [0, 0]


def test_an_answer_that_comes_in_drops_is_waited_for(peer_of: MakePeer) -> None:
    def drip(end: socket.socket, _: Asked) -> None:
        for byte in response(GOOD):
            end.sendall(bytes([byte]))
            time.sleep(0.0005)

    assert _send(_to(peer_of([drip]))) == 7


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Le", response(GOOD[:9], length=len(GOOD))],
    ids=["headers", "body"],
)
def test_a_server_that_falls_silent_half_way_is_not_waited_for_forever(
    peer_of: MakePeer, start: bytes
) -> None:
    def half(end: socket.socket, asked: Asked) -> None:
        end.sendall(start)
        wait(end, asked)

    error = _failure(peer_of([half]), 0.2)
    assert isinstance(error, Unreachable)
    assert "timed out" in str(error)


@pytest.mark.parametrize(
    "noise",
    [
        b"\0\xff\x16\x03\x01" * 9,
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1_000,
        b"HTTP/1.1 " + b"2" * 70_000,
        b"\r\n\r\n",
    ],
    ids=["binary", "version", "status", "headers", "line", "nothing"],
)
def test_noise_acknowledges_nothing(peer_of: MakePeer, noise: bytes) -> None:
    assert isinstance(_failure(peer_of([says(noise)])), Unreachable)


def test_an_answer_too_long_to_be_ours_is_left_with_its_connection(peer_of: MakePeer) -> None:
    peer = peer_of([says(response(b" " * (1 << 21) + GOOD)), wait])
    sender = _to(peer)
    with pytest.raises(Unreachable):
        _send(sender)
    assert _send(sender) == 7
    assert peer.connections == [0, 1]
