"""A spool emptied over one kept connection that fails at the worst moments."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.peer import Act, Asked, Peer, hang_up, reset, response

from joulebook.shipping.http import HttpSender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch, decode

MakePeer = Callable[..., Peer]
PROBLEM = b'{"detail": "its parts sum to 3, not 4", "path": "$.meters.energy_uj[0]"}'
PROBLEM_HEAD = "Content-Type: application/problem+json"


@dataclass
class Ledger:
    """What a server committed: each batch once, however often it comes."""

    batches: dict[int, Batch] = field(default_factory=dict)

    def commit(self, asked: Asked) -> bytes:
        batch = decode(asked.content)
        duplicate = batch.seq in self.batches
        assert self.batches.setdefault(batch.seq, batch) == batch
        told = {"seq": batch.seq, "duplicate": duplicate, "missing": [], "window_us": 1}
        return response(json.dumps(told).encode())

    def take(self, end: socket.socket, asked: Asked) -> None:
        """Commit and say so."""
        end.sendall(self.commit(asked))

    def then(self, cut: Act) -> Act:
        """Commit, and instead of an answer do something else."""

        def act(end: socket.socket, asked: Asked) -> None:
            self.commit(asked)
            cut(end, asked)

        return act

    def half(self, end: socket.socket, asked: Asked) -> None:
        """Commit, and say half of it."""
        said = self.commit(asked)
        end.sendall(said[: len(said) - 20])

    @property
    def energy_uj(self) -> int:
        return sum(sum(batch.meters.energy_uj) for batch in self.batches.values())


def _refuse(status: str) -> Act:
    def act(end: socket.socket, _: Asked) -> None:
        end.sendall(response(PROBLEM, f"HTTP/1.1 {status}\r\n{PROBLEM_HEAD}"))

    return act


def _fill(spool: Spool, count: int) -> int:
    """Append so many batches; their energy, µJ."""
    for _ in range(count):
        spool.append(batch_of)
    return sum(sum(batch.meters.energy_uj) for batch in spool.entries())


def _to(peer: Peer) -> HttpSender:
    return HttpSender(f"http://127.0.0.1:{peer.port}")


@pytest.mark.parametrize("cut", [hang_up, reset])
def test_a_batch_committed_as_the_kept_connection_is_cut_is_counted_once_in_one_round(
    spool: Spool, peer_of: MakePeer, cut: Act
) -> None:
    ledger = Ledger()
    energy_uj = _fill(spool, 4)
    peer = peer_of([ledger.take, ledger.then(cut)], [ledger.take] * 9)
    shipped = ship(spool, _to(peer))
    assert (shipped.sent, shipped.left, shipped.problem) == (4, 0, None)
    assert [asked.seq for asked in peer.asked] == [0, 1, 1, 2, 3]
    assert ledger.energy_uj == energy_uj


def test_a_batch_committed_with_half_an_answer_waits_and_is_counted_once(
    spool: Spool, peer_of: MakePeer
) -> None:
    ledger = Ledger()
    energy_uj = _fill(spool, 3)
    peer = peer_of([ledger.take, ledger.half], [ledger.take] * 9)
    sender = _to(peer)
    first, second = ship(spool, sender), ship(spool, sender)
    assert (first.sent, first.left) == (1, 2)
    assert "cut short" in (first.problem or "")
    assert (second.sent, second.left) == (2, 0)
    assert ledger.energy_uj == energy_uj


def test_a_server_that_cuts_every_connection_after_one_batch_gets_them_all_in_one_round(
    spool: Spool, peer_of: MakePeer
) -> None:
    ledger = Ledger()
    energy_uj = _fill(spool, 6)
    peer = peer_of(*[[ledger.take, ledger.then(hang_up)]] * 6)
    assert ship(spool, _to(peer)).left == 0
    assert ledger.energy_uj == energy_uj


def test_refusals_do_not_end_the_connection(spool: Spool, peer_of: MakePeer) -> None:
    ledger = Ledger()
    _fill(spool, 4)
    acts = [_refuse("422 No"), ledger.take, _refuse("413 Large"), ledger.take]
    peer = peer_of(acts)
    shipped = ship(spool, _to(peer))
    assert (shipped.sent, shipped.refused, shipped.left) == (2, 2, 0)
    assert peer.connections == [0] * 4


def test_a_token_that_is_refused_keeps_all_and_the_connection(
    spool: Spool, peer_of: MakePeer
) -> None:
    ledger = Ledger()
    energy_uj = _fill(spool, 2)
    peer = peer_of([_refuse("401 Who"), ledger.take, ledger.take])
    sender = _to(peer)
    assert ship(spool, sender).left == 2
    assert ship(spool, sender).sent == 2
    assert peer.connections == [0] * 3
    assert ledger.energy_uj == energy_uj
