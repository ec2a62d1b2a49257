"""A proxy that answers in the server's place: its mistakes put no batch out of the way."""

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.edge import Edge, Say, Tree

from joulebook.shipping.http import HttpSender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch, encode

PAGE = "<html><body><h1>Request Entity Too Large</h1></body></html>"
MANY = 80  # windows, of some 25 kB


def page(status: int, **headers: str) -> Say:
    """What a proxy says in its own name."""
    return Say(status, PAGE, headers, content_type="text/html")


def large(agent_id: str, epoch: str, seq: int) -> Batch:
    return batch_of(agent_id, epoch, seq, MANY)


class TakesAtMost:
    """The rule of a proxy with a limit, bytes before compression."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __call__(self, batch: Tree) -> Say | None:
        return page(413) if len(str(batch)) > self._size else None


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422, 451])
def test_no_page_of_a_proxy_quarantines_a_batch(
    spool: Spool, edge: Edge, sender: HttpSender, status: int
) -> None:
    spool.append(batch_of)
    before = spool.pending(9)
    edge.rule = lambda _: page(status)
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left) == (0, 0, 1)
    assert shipped.problem is not None
    edge.rule = lambda _: None
    assert spool.pending(9) == before
    assert ship(spool, sender).sent == 1


def test_a_problem_that_cannot_be_read_is_no_refusal_either(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    spool.append(batch_of)
    edge.rule = lambda _: Say(422, None)  # the type of a problem, and nothing in it
    assert (ship(spool, sender).refused, spool.quarantined()) == (0, [])


def test_a_batch_of_one_window_waits_until_the_proxy_takes_it(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    spool.append(batch_of)
    edge.rule = lambda _: page(413, **{"Retry-After": "40"})
    shipped = ship(spool, sender)
    assert (shipped.refused, shipped.left, shipped.retry_after_s) == (0, 1, 40)
    assert "a proxy before it takes no request of this size; raise its limit" in (
        shipped.problem or ""
    )
    assert "batch 0, " in (shipped.problem or "")


def test_a_batch_that_is_too_large_for_a_proxy_goes_in_pieces_with_all_its_energy(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    spool.append(large)
    content = spool.pending(1)[0].content
    edge.rule = TakesAtMost(len(content) // 3 * 2)
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left) == (2, 0, 0)
    sent_uj = sum(sum(batch["meters"]["energy_uj"]) for batch in edge.taken)
    assert sent_uj == sum(large("", "", 0).meters.energy_uj)


def test_a_proxy_that_takes_nothing_fills_no_spool_with_pieces(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    for _ in range(5):
        spool.append(large)
    edge.rule = TakesAtMost(0)
    for _ in range(40):
        assert ship(spool, sender).refused == 0
    least = len(encode(large("", "", 0))) // 4
    assert all(len(entry.content) > least for entry in spool.pending(99))
    edge.rule = lambda _: None
    ship(spool, sender)
    assert spool.count() == 0
    assert sum(len(batch["meters"]["energy_uj"]) for batch in edge.taken) == 5 * MANY
