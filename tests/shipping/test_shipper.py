"""The whole way: a spool on disk, HTTP on loopback."""

from pathlib import Path

from tests.shipping.batches import batch_of
from tests.shipping.edge import HANG_UP, Edge, Once, Say, Tree

from joulebook.clock import ManualClock
from joulebook.errors import Unreachable
from joulebook.shipping.http import HttpSender, MemorySender
from joulebook.shipping.shipper import ship
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch

TOO_LARGE = {"detail": "more than 3 windows; split it", "path": "$.meters"}
REFUSAL = {"detail": "its parts sum to 3, not 4", "path": "$.meters.energy_uj[0]"}


def _large(agent_id: str, epoch: str, seq: int) -> Batch:
    return batch_of(agent_id, epoch, seq, windows=8)


def _fill(spool: Spool, count: int) -> None:
    for _ in range(count):
        spool.append(batch_of)


def test_everything_that_waits_arrives_in_order(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 3)
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left, shipped.problem) == (3, 0, 0, None)
    assert [batch["seq"] for batch in edge.taken] == [0, 1, 2]


def test_an_empty_spool_sends_nothing(spool: Spool, edge: Edge, sender: HttpSender) -> None:
    assert ship(spool, sender).sent == 0
    assert edge.heard == []


def test_at_most_the_limit_is_sent(spool: Spool, sender: HttpSender) -> None:
    _fill(spool, 3)
    shipped = ship(spool, sender, limit=2)
    assert (shipped.sent, shipped.left, shipped.problem) == (2, 1, None)


def test_the_window_that_the_server_asks_for_is_told(spool: Spool, sender: HttpSender) -> None:
    _fill(spool, 1)
    assert ship(spool, sender).window_us == 20_000_000


def test_a_connection_cut_before_the_answer_sends_the_same_bytes_again(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 1)
    edge.rule = Once(Say(HANG_UP))
    assert ship(spool, sender).left == 1
    assert ship(spool, sender).sent == 1
    assert edge.heard[0].raw == edge.heard[1].raw


def test_a_batch_committed_without_an_answer_arrives_once(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 1)
    hung_up: list[Tree] = []

    def commit_and_hang_up(batch: Tree) -> Say | None:
        if hung_up:
            return None
        hung_up.append(batch)
        edge.taken.append(batch)
        return Say(HANG_UP)

    edge.rule = commit_and_hang_up
    ship(spool, sender)
    assert ship(spool, sender).sent == 1
    assert (len(edge.taken), spool.count()) == (1, 0)


def test_a_refused_batch_is_quarantined_and_the_rest_goes_on(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 3)
    edge.rule = lambda batch: Say(422, REFUSAL) if batch["seq"] == 1 else None
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left, shipped.problem) == (2, 1, 0, None)
    assert [seq for seq, _ in spool.quarantined()] == [1]


def test_the_quarantine_holds_the_servers_reason(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 1)
    edge.rule = Once(Say(422, REFUSAL))
    ship(spool, sender)
    assert "$.meters.energy_uj[0]: its parts sum to 3, not 4" in spool.quarantined()[0][1]


def test_a_number_that_the_server_knows_otherwise_is_quarantined(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 2)
    edge.rule = Once(Say(409, {"detail": "known with another content"}))
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused) == (1, 1)


def test_a_batch_too_large_arrives_in_pieces_with_all_its_energy(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    spool.append(_large)
    whole = sum(batch_of("", "", 0, windows=8).meters.energy_uj)
    edge.rule = lambda batch: Say(413, TOO_LARGE) if len(batch["meters"]["device"]) > 3 else None
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left) == (4, 0, 0)
    assert sum(sum(batch["meters"]["energy_uj"]) for batch in edge.taken) == whole
    assert sum(sum(batch["parts"]["energy_uj"]) for batch in edge.taken) == whole


def test_the_pieces_have_numbers_of_their_own(spool: Spool, edge: Edge, sender: HttpSender) -> None:
    spool.append(_large)
    edge.rule = Once(Say(413, TOO_LARGE))
    ship(spool, sender)
    assert [batch["seq"] for batch in edge.taken] == [1, 2]


def test_one_window_that_is_too_large_is_quarantined(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 2)
    edge.rule = Once(Say(413, TOO_LARGE))
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left) == (1, 1, 0)
    ((number, reason),) = spool.quarantined()
    assert number == 0
    assert "more than 3 windows" in reason
    assert "cannot be split" in reason


def test_an_answer_that_comes_after_the_file_was_replaced_touches_no_other_batch(
    path: Path, spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    """Somebody removes the file while a batch is under way; its number is given anew."""
    _fill(spool, 1)

    def replace_the_file(_: Tree) -> None:
        for file in path.parent.glob("spool.db*"):
            file.unlink()
        other = Spool(path, ManualClock())
        assert other.append(batch_of) == 0
        other.close()

    edge.rule = replace_the_file
    assert ship(spool, sender, limit=1).left == 1
    edge.rule = lambda _: None
    assert ship(spool, sender).sent == 1
    assert len({batch["agent"]["epoch"] for batch in edge.taken}) == 2


def test_a_busy_server_keeps_everything_and_says_when(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 3)
    edge.rule = lambda batch: Say(429, headers={"Retry-After": "8"}) if batch["seq"] else None
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.left, shipped.retry_after_s) == (1, 2, 8)
    assert len(edge.heard) == 2


def test_a_refused_token_keeps_everything_with_a_clear_problem(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 2)
    edge.rule = lambda _: Say(401)
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.refused, shipped.left) == (0, 0, 2)
    assert "does not accept the token" in (shipped.problem or "")


def test_an_answer_for_another_batch_acknowledges_nothing(
    spool: Spool, edge: Edge, sender: HttpSender
) -> None:
    _fill(spool, 1)
    other = {"seq": 41, "duplicate": False, "missing": [], "window_us": 1}
    edge.rule = Once(Say(200, other, content_type="application/json"))
    shipped = ship(spool, sender)
    assert (shipped.sent, shipped.left) == (0, 1)
    assert "batch 41" in (shipped.problem or "")


def test_what_an_unreachable_server_missed_arrives_later(spool: Spool) -> None:
    _fill(spool, 2)
    sender = MemorySender([Unreachable("away")])
    assert ship(spool, sender).problem == "away"
    assert ship(spool, sender).sent == 2
    assert len(sender.sent) == 2
