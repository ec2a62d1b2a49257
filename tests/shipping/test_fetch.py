"""Questions to a server, over the same way as batches."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.shipping.peer import Peer, says

from joulebook.errors import InvalidInput, Unreachable
from joulebook.shipping.fetch import get_json
from joulebook.shipping.route import Route

FILES = Path(__file__).parent / "tls"
MakePeer = Callable[..., Peer]


def answer(status: str, body: str, kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def test_an_answer_comes_through_the_proxy_that_is_set(peer_of: MakePeer) -> None:
    proxy = peer_of([says(answer("200 OK", '{"rows": []}'))])
    route = Route(f"http://me:secret@127.0.0.1:{proxy.port}")
    assert get_json("http://ledger.example/v1/reports?group_by=model", None, route) == {"rows": []}
    asked = proxy.asked[0]
    assert asked.line == "GET http://ledger.example/v1/reports?group_by=model HTTP/1.1"
    assert "Proxy-Authorization: Basic" in asked.head


def test_a_server_on_this_machine_is_asked_without_the_proxy(peer_of: MakePeer) -> None:
    server = peer_of([says(answer("200 OK", "{}"))])
    assert get_json(f"http://127.0.0.1:{server.port}/x", "t", Route("http://nowhere:1")) == {}
    assert "Authorization: Bearer t" in server.asked[0].head


def test_a_question_that_is_refused_says_so_in_the_servers_words(peer_of: MakePeer) -> None:
    body = '{"detail": "no such key"}'
    server = peer_of([says(answer("400 Bad Request", body, "application/problem+json"))])
    with pytest.raises(InvalidInput, match="answered 400: no such key"):
        get_json(f"http://127.0.0.1:{server.port}/x", None)


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=r"none\.pem"):
        get_json("https://ledger.example/", None, Route(None, tmp_path / "none.pem"))
