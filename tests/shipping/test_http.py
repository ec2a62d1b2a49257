import socket
import threading

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.edge import Edge, Once, Say

from joulebook.errors import Refused, ShippingError, TooLarge, Unreachable
from joulebook.shipping.http import HttpSender, MemorySender
from joulebook.shipping.sender import ProxyLimit
from joulebook.wire import encode

CONTENT = encode(batch_of("agent", "epoch", 7, 3))
PROBLEM = {"title": "bad", "status": 422, "detail": "must not be empty", "path": "$.host.id"}


def _error(edge: Edge, sender: HttpSender, said: Say) -> ShippingError:
    edge.rule = Once(said)
    with pytest.raises(ShippingError) as caught:
        sender.send(CONTENT)
    return caught.value


def test_the_bytes_arrive_unchanged(edge: Edge, sender: HttpSender) -> None:
    sender.send(CONTENT)
    assert edge.heard[0].content == CONTENT


def test_the_answer_is_read(sender: HttpSender) -> None:
    answer = sender.send(CONTENT)
    assert (answer.seq, answer.duplicate, answer.missing) == (7, False, [])
    assert answer.window_us == 20_000_000


def test_a_repeat_is_sent_as_the_same_bytes(edge: Edge, sender: HttpSender) -> None:
    sender.send(CONTENT)
    assert sender.send(CONTENT).duplicate
    assert edge.heard[0].raw == edge.heard[1].raw


def test_the_token_goes_into_the_header(edge: Edge, sender: HttpSender) -> None:
    sender.send(CONTENT)
    assert edge.heard[0].headers["Authorization"] == "Bearer secret"


def test_without_a_token_there_is_no_header(edge: Edge) -> None:
    HttpSender(edge.url).send(CONTENT)
    assert edge.heard[0].headers["Authorization"] is None


def test_a_server_below_a_path_is_found(edge: Edge) -> None:
    HttpSender(edge.url + "/energy/").send(CONTENT)
    assert edge.heard[0].path == "/energy/v1/batches"


def test_a_proxy_of_the_environment_is_not_used(
    edge: Edge, sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    sender.send(CONTENT)
    assert len(edge.heard) == 1


def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, so nobody else gets it, but not listening
        sender = HttpSender(f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(Unreachable, match="Connection refused"):
            sender.send(CONTENT)


def test_a_server_that_never_answers_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        sender = HttpSender(f"http://127.0.0.1:{silent.getsockname()[1]}", None, 0.05)
        with pytest.raises(Unreachable, match="timed out"):
            sender.send(CONTENT)


@pytest.mark.parametrize("name", ["no such host.invalid", "a" * 70 + ".invalid"])
def test_a_name_that_is_no_host_is_unreachable(name: str) -> None:
    with pytest.raises(Unreachable):
        HttpSender(f"http://{name}/").send(CONTENT)


def test_something_that_speaks_no_http_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"220 mail ready\r\n")
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=greet)
        thread.start()
        sender = HttpSender(f"http://127.0.0.1:{other.getsockname()[1]}")
        with pytest.raises(Unreachable, match="220 mail ready"):
            sender.send(CONTENT)
        thread.join()


def test_an_answer_before_the_body_was_read_is_heard() -> None:
    """A server that refuses a large body may hang up on the rest of it."""
    refusal = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    heard = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as hasty:

        def refuse() -> None:
            connection, _ = hasty.accept()
            with connection:
                connection.recv(100)
                connection.sendall(refusal)
                connection.shutdown(socket.SHUT_WR)
                heard.wait()

        thread = threading.Thread(target=refuse)
        thread.start()
        sender = HttpSender(f"http://127.0.0.1:{hasty.getsockname()[1]}")
        with pytest.raises(TooLarge):
            sender.send(CONTENT)
        heard.set()
        thread.join()


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_says_when_to_come_back(edge: Edge, sender: HttpSender, status: int) -> None:
    error = _error(edge, sender, Say(status, headers={"Retry-After": "17"}))
    assert isinstance(error, Unreachable)
    assert error.retry_after_s == 17


def test_a_date_to_come_back_is_counted_from_the_servers_clock(
    edge: Edge, sender: HttpSender
) -> None:
    error = _error(edge, sender, Say(503, headers={"Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}))
    assert isinstance(error, Unreachable)
    assert error.retry_after_s is not None
    assert error.retry_after_s > 1e9


@pytest.mark.parametrize("value", ["soon", "-5", "1e3", ""])
def test_a_time_to_come_back_that_is_none_is_left_out(
    edge: Edge, sender: HttpSender, value: str
) -> None:
    error = _error(edge, sender, Say(503, headers={"Retry-After": value}))
    assert isinstance(error, Unreachable)
    assert error.retry_after_s is None


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_says_which_setting(edge: Edge, sender: HttpSender, status: int) -> None:
    error = _error(edge, sender, Say(status, PROBLEM))
    assert isinstance(error, Unreachable)
    assert "JOULEBOOK_TOKEN" in str(error)
    assert "secret" not in str(error)


def test_too_large_is_told_apart(edge: Edge, sender: HttpSender) -> None:
    error = _error(edge, sender, Say(413, PROBLEM))
    assert isinstance(error, TooLarge)
    assert not isinstance(error, ProxyLimit)


def test_a_size_that_a_proxy_does_not_take_is_told_apart_from_that(
    edge: Edge, sender: HttpSender
) -> None:
    page = Say(413, "<html>", {"Retry-After": "9"}, content_type="text/html")
    error = _error(edge, sender, page)
    assert isinstance(error, ProxyLimit)
    assert error.retry_after_s == 9
    assert "raise its limit" in str(error)


@pytest.mark.parametrize("status", [400, 409, 415, 422])
def test_a_refusal_names_reason_and_path(edge: Edge, sender: HttpSender, status: int) -> None:
    error = _error(edge, sender, Say(status, PROBLEM))
    assert isinstance(error, Refused)
    assert "$.host.id: must not be empty" in str(error)


@pytest.mark.parametrize("status", [400, 404, 405, 409, 415, 422, 500, 502, 504])
def test_a_page_of_another_program_refuses_nothing(
    edge: Edge, sender: HttpSender, status: int
) -> None:
    error = _error(edge, sender, Say(status, "no", content_type="text/html"))
    assert isinstance(error, Unreachable)


def test_not_found_refuses_nothing_even_as_a_problem(edge: Edge, sender: HttpSender) -> None:
    assert isinstance(_error(edge, sender, Say(404, PROBLEM)), Unreachable)


def test_a_redirect_is_named_and_not_followed(edge: Edge, sender: HttpSender) -> None:
    error = _error(edge, sender, Say(307, headers={"Location": f"{edge.url}/elsewhere"}))
    assert isinstance(error, Unreachable)
    assert f"points to {edge.url}/elsewhere" in str(error)
    assert len(edge.heard) == 1


@pytest.mark.parametrize(
    "tree", ["welcome", None, [], {"seq": 7}, {"seq": "x", "duplicate": False}], ids=repr
)
def test_a_200_that_is_not_ours_acknowledges_nothing(
    edge: Edge, sender: HttpSender, tree: object
) -> None:
    assert isinstance(_error(edge, sender, Say(200, tree)), Unreachable)


def test_the_twin_takes_and_tells_duplicates() -> None:
    twin = MemorySender()
    assert [twin.send(CONTENT).duplicate for _ in range(2)] == [False, True]
    assert twin.sent == [CONTENT]


def test_the_twin_fails_as_told_and_then_takes() -> None:
    twin = MemorySender([Unreachable("away")])
    with pytest.raises(Unreachable, match="away"):
        twin.send(CONTENT)
    assert twin.send(CONTENT).seq == 7
