"""The HTTP server, asked by real clients over loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import pytest
from tests.waiting import until
from tests.watching.conftest import Serve, get, hello

from joulebook.clock import SystemClock
from joulebook.errors import AgentError
from joulebook.version import VERSION
from joulebook.watching.page import Page, Reply, address_of
from joulebook.watching.server import MOST_BYTES, MOST_CALLERS


@contextmanager
def connected(page: Page) -> Iterator[socket.socket]:
    parts = urlsplit(page.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        yield connection


def until_hung_up(connection: socket.socket) -> bytes:
    """All that still comes."""
    came = b""
    try:
        while piece := connection.recv(4096):
            came += piece
    except ConnectionError:
        pass  # it was hung up on before it had said all
    return came


def test_a_path_is_answered_with_what_stands_there(serve: Serve) -> None:
    page = serve({"/": lambda: Reply(b"{}", "application/json", 503)})
    got = get(page, "/")
    assert (got.status, got.content, got.headers["Content-Type"]) == (503, "{}", "application/json")
    assert got.headers["Server"] == f"joulebook/{VERSION}"


def test_what_stands_behind_a_question_mark_is_no_part_of_the_path(serve: Serve) -> None:
    assert get(serve({"/a": hello}), "/a?x=1").content == "hello\n"


def test_head_has_the_head_of_get_and_nothing_else(serve: Serve) -> None:
    got = get(serve({"/": hello}), "/", "HEAD")
    assert (got.status, got.content, got.headers["Content-Length"]) == (200, "", "6")


def test_an_unknown_path_is_refused_with_those_that_there_are(serve: Serve) -> None:
    got = get(serve({"/": hello, "/b": hello}), "/c")
    assert (got.status, got.content) == (404, "there are / /b\n")


@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "OPTIONS", "ODD"])
def test_other_verbs_are_refused(serve: Serve, verb: str) -> None:
    got = get(serve({"/": hello}), "/", verb)
    assert (got.status, got.headers["Allow"]) == (405, "GET, HEAD")


def test_a_page_that_fails_says_so_and_the_next_request_is_answered(serve: Serve) -> None:
    def fail() -> Reply:
        raise ZeroDivisionError("the secret reason")

    page = serve({"/": hello, "/fails": fail})
    got = get(page, "/fails")
    assert got.status == 500
    assert "secret" not in got.content
    assert get(page, "/").status == 200


def test_a_request_that_is_too_long_is_hung_up_on(serve: Serve) -> None:
    page = serve({"/": hello})
    with connected(page) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * (MOST_BYTES + 4096))
        assert until_hung_up(connection) == b""
    assert get(page, "/").status == 200


def test_a_request_that_never_ends_is_hung_up_on(serve: Serve) -> None:
    page = serve({"/": hello}, request_s=0.1)
    with connected(page) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        assert until_hung_up(connection) == b""


def test_what_is_no_http_is_refused(serve: Serve) -> None:
    page = serve({"/": hello})
    with connected(page) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert b"400" in until_hung_up(connection)
    assert get(page, "/").status == 200


def test_callers_that_say_nothing_hold_up_nobody_for_long(serve: Serve) -> None:
    page = serve({"/": hello}, request_s=0.5)
    with ExitStack() as silent:
        for _ in range(2 * MOST_CALLERS):
            silent.enter_context(connected(page))

        def answered() -> bool:
            try:
                return get(page, "/").status == 200
            except OSError:  # all places are taken: it is hung up on at once
                return False

        assert until(answered)


def test_a_slow_page_holds_up_no_other(serve: Serve) -> None:
    go_on, began = threading.Event(), threading.Event()

    def slow() -> Reply:
        began.set()
        go_on.wait(60)
        return hello()

    page = serve({"/": hello, "/slow": slow}, request_s=60)
    asking = threading.Thread(target=get, args=(page, "/slow"))
    asking.start()
    assert began.wait(60)
    assert get(page, "/").status == 200
    go_on.set()
    asking.join()


def test_a_page_that_was_closed_answers_no_more_and_frees_its_port(serve: Serve) -> None:
    page = serve({"/": hello})
    listen = urlsplit(page.url).netloc
    page.stop()
    with pytest.raises(OSError, match="refused"):
        get(page, "/")
    again = Page(listen, {"/": hello}, SystemClock())
    again.start()
    assert get(again, "/").status == 200
    again.stop()


def test_a_port_that_is_taken_is_refused_with_the_setting_to_change(serve: Serve) -> None:
    taken = urlsplit(serve({"/": hello}).url).netloc
    with pytest.raises(AgentError, match=f"cannot listen on {taken}: .*JOULEBOOK_METRICS_LISTEN"):
        Page(taken, {"/": hello}, SystemClock()).start()


def test_a_page_that_never_started_can_be_closed() -> None:
    before = threading.active_count()
    page = Page("127.0.0.1:0", {"/": hello}, SystemClock())
    page.stop()
    assert threading.active_count() == before
    page.start()
    assert threading.active_count() > before
    page.stop()


def test_it_listens_on_ipv6(serve: Serve) -> None:
    try:
        page = serve({"/": hello}, host="[::1]")
    except AgentError:
        pytest.skip("needs a loopback address of IPv6")
    assert page.url.startswith("http://[::1]:")
    assert get(page, "/").content == "hello\n"


@pytest.mark.parametrize(
    ("listen", "host", "port"),
    [
        ("127.0.0.1:9807", "127.0.0.1", 9807),
        ("[::1]:9807", "::1", 9807),
        ("::1:9807", "::1", 9807),
    ],
)
def test_an_address_is_host_and_port(listen: str, host: str, port: int) -> None:
    assert address_of(listen) == (host, port)
