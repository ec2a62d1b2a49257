"""The server's clock against ours, by the date of its answers."""

from collections.abc import Callable
from email.utils import formatdate

import pytest
from tests.shipping.batches import START_US, batch_of
from tests.shipping.peer import Act, Peer, answer, response, says

from joulebook.clock import ManualClock
from joulebook.core.units import US_PER_S
from joulebook.errors import Refused, Unreachable
from joulebook.shipping.http import HttpSender
from joulebook.shipping.skew import Skew, date_us
from joulebook.wire import encode

MakePeer = Callable[..., Peer]
NOW_US = START_US
HALF_S_US = US_PER_S // 2


def _date(offset_s: int) -> str:
    return formatdate(NOW_US // US_PER_S + offset_s, usegmt=True)


def _heard(offset_s: int, took_us: int = 0) -> Skew:
    skew = Skew()
    skew.hear(_date(offset_s), NOW_US, took_us)
    return skew


def _warning(skew: Skew) -> str:
    return skew.warning("http://ledger") or ""


@pytest.mark.parametrize("offset_s", [-100_000, -3, 0, 3, 100_000])
def test_a_date_stands_for_the_middle_of_its_second(offset_s: int) -> None:
    skew = _heard(offset_s)
    assert skew.us == offset_s * US_PER_S + HALF_S_US
    assert skew.error_us == US_PER_S


def test_the_answer_was_dated_half_way_and_may_have_been_at_either_end() -> None:
    skew = _heard(0, took_us=4 * US_PER_S)
    assert skew.us == 2 * US_PER_S + HALF_S_US
    assert skew.error_us == 3 * US_PER_S


def test_before_the_first_answer_nothing_is_known_or_told() -> None:
    skew = Skew()
    assert (skew.us, skew.warning("http://ledger")) == (None, None)


def test_the_latest_answer_counts() -> None:
    skew = _heard(50)
    skew.hear(_date(2), NOW_US, 0)
    assert skew.us == 2 * US_PER_S + HALF_S_US


@pytest.mark.parametrize("date", [None, "", "yesterday", "2026-11-24T08:00:00Z", "Mon, 99 Foo 1"])
def test_a_date_that_is_none_changes_nothing(date: str | None) -> None:
    skew = _heard(50)
    skew.hear(date, NOW_US, 0)
    assert skew.us == 50 * US_PER_S + HALF_S_US


@pytest.mark.parametrize(
    "date",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
    ],
)
def test_every_form_of_date_that_http_allows_is_read(date: str) -> None:
    assert date_us(date) == 784_111_777 * US_PER_S


def test_a_clock_behind_is_told_with_its_way_and_whose_clock_labels_windows() -> None:
    said = _warning(_heard(12))
    assert "this machine's clock is 12 s behind that of http://ledger" in said
    assert "windows are labelled by this machine's clock" in said


@pytest.mark.parametrize(
    ("offset_s", "told"),
    [
        (-13, "12 s ahead of"),
        (-3_601, "60 minutes ahead of"),
        (86_400, "24 hours behind"),
        (400_000, "4 days behind"),
    ],
)
def test_the_difference_is_told_in_words(offset_s: int, told: str) -> None:
    assert f"clock is {told} that of" in _warning(_heard(offset_s))


def test_it_is_told_once() -> None:
    skew = _heard(12)
    assert skew.warning("http://ledger")
    skew.hear(_date(700), NOW_US, 0)
    assert skew.warning("http://ledger") is None


@pytest.mark.parametrize("offset_s", [-6, -5, 0, 4, 5])
def test_a_difference_that_may_be_five_seconds_is_not_told(offset_s: int) -> None:
    assert not _warning(_heard(offset_s))


def test_a_slow_answer_is_not_taken_for_a_wrong_clock() -> None:
    assert not _warning(_heard(-8, took_us=16 * US_PER_S))


def _send(peer: Peer, clock: ManualClock, skew: Skew) -> None:
    url = f"http://127.0.0.1:{peer.port}"
    HttpSender(url, clock=clock, skew=skew).send(encode(batch_of("agent", "epoch", 7)))


def _dated(body: bytes, head: str = "HTTP/1.1 200 OK") -> Act:
    return says(response(body, f"{head}\r\nDate: {_date(90)}"))


def test_an_acknowledgement_tells_the_servers_time(peer_of: MakePeer) -> None:
    skew = Skew()
    _send(peer_of([_dated(answer(7))]), ManualClock(NOW_US), skew)
    assert skew.us == 90 * US_PER_S + HALF_S_US


def test_a_refusal_tells_the_time_too(peer_of: MakePeer) -> None:
    """A clock a day ahead is itself a reason to be refused."""
    head = "HTTP/1.1 422 No\r\nContent-Type: application/problem+json"
    skew = Skew()
    with pytest.raises(Refused):
        _send(peer_of([_dated(b'{"detail": "in the future"}', head)]), ManualClock(NOW_US), skew)
    assert skew.us == 90 * US_PER_S + HALF_S_US


def test_a_page_of_somebody_else_tells_no_time(peer_of: MakePeer) -> None:
    skew = Skew()
    with pytest.raises(Unreachable):
        _send(peer_of([_dated(b"<html>")]), ManualClock(NOW_US), skew)
    assert skew.us is None
