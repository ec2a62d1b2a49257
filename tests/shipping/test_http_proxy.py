"""Through a proxy, where one is set; its password stays between it and us."""

import base64
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.edge import Edge
from tests.shipping.peer import Act, Asked, Peer, hang_up, response, says, well

from joulebook.errors import Unreachable
from joulebook.shipping.http import HttpSender
from joulebook.shipping.route import Route
from joulebook.wire import encode

FILES = Path(__file__).parent / "tls"
MakePeer = Callable[..., Peer]
#: No machine has this name (RFC 2606), so a batch for it arrives through the proxy or not at all.
SERVER = "ledger.example"
ASKS = "Proxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"


def _tunnel(name: str) -> Act:
    """As a proxy that leads to a TLS server; it is both."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / f"{name}.pem")

    def act(end: socket.socket, _: Asked) -> socket.socket:
        end.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return context.wrap_socket(end, server_side=True)

    return act


def _through(proxy: Peer, url: str, credentials: str = "") -> HttpSender:
    return _by_port(proxy.port, url, credentials)


def _by_port(port: int, url: str, credentials: str) -> HttpSender:
    route = Route(f"http://{credentials}127.0.0.1:{port}", FILES / "authority.pem")
    return HttpSender(url, "token", 30.0, route=route)


def _send(sender: HttpSender, seq: int = 0) -> int:
    return sender.send(encode(batch_of("agent", "epoch", seq))).seq


def _failure(sender: HttpSender) -> str:
    with pytest.raises(Unreachable) as caught:
        _send(sender)
    return str(caught.value)


def _headers(asked: Asked) -> dict[str, str]:
    pairs = (line.split(": ", 1) for line in asked.head.splitlines()[1:])
    return {name.lower(): text for name, text in pairs}


def test_a_proxy_is_told_the_whole_address_of_an_http_server(peer_of: MakePeer) -> None:
    proxy = peer_of()
    assert _send(_through(proxy, f"http://{SERVER}/energy"), 4) == 4
    assert proxy.asked[0].line == f"POST http://{SERVER}/energy/v1/batches HTTP/1.1"
    assert _headers(proxy.asked[0])["host"] == SERVER


def test_many_batches_go_over_one_connection_to_the_proxy(peer_of: MakePeer) -> None:
    proxy = peer_of()
    sender = _through(proxy, f"http://{SERVER}:8400")
    assert [_send(sender, seq) for seq in range(3)] == [0, 1, 2]
    assert proxy.connections == [0, 0, 0]


def test_an_https_server_is_reached_through_a_tunnel_in_which_the_proxy_sees_nothing(
    peer_of: MakePeer,
) -> None:
    proxy = peer_of([_tunnel("server"), well, well])
    sender = _through(proxy, f"https://{SERVER}", "me:hush@")
    assert [_send(sender, seq) for seq in range(2)] == [0, 1]
    connect, first, second = proxy.asked
    assert connect.line.startswith(f"CONNECT {SERVER}:443 ")
    assert "token" not in connect.head
    assert first.line == second.line == "POST /v1/batches HTTP/1.1"
    assert _headers(first)["authorization"] == "Bearer token"
    assert "proxy-authorization" not in _headers(first)


def test_a_tunnel_that_was_closed_is_dug_again(peer_of: MakePeer) -> None:
    proxy = peer_of([_tunnel("server"), well], [_tunnel("server"), well])
    sender = _through(proxy, f"https://{SERVER}:8443")
    _send(sender, 0)
    assert proxy.wait_closed(0)
    assert _send(sender, 1) == 1
    assert proxy.asked[2].line.startswith(f"CONNECT {SERVER}:8443 ")


def test_a_tunnel_to_somebody_else_gets_nothing(peer_of: MakePeer) -> None:
    proxy = peer_of([_tunnel("elsewhere"), well])
    assert "a name that it was made for" in _failure(_through(proxy, f"https://{SERVER}"))
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("url", "acts"),
    [(f"http://{SERVER}", [well]), (f"https://{SERVER}", [_tunnel("server"), well])],
    ids=["request", "tunnel"],
)
def test_the_proxy_gets_name_and_password(peer_of: MakePeer, url: str, acts: list[Act]) -> None:
    proxy = peer_of(acts)
    _send(_through(proxy, url, "m%C3%A9:p%40s%3As%2F@"))
    scheme, _, pair = _headers(proxy.asked[0])["proxy-authorization"].partition(" ")
    assert (scheme, base64.b64decode(pair).decode()) == ("Basic", "mé:p@s:s/")


def test_a_proxy_without_a_password_is_told_none(peer_of: MakePeer) -> None:
    proxy = peer_of()
    _send(_through(proxy, f"http://{SERVER}"))
    assert "proxy-authorization" not in _headers(proxy.asked[0])


@pytest.mark.parametrize("url", [f"http://{SERVER}", f"https://{SERVER}"])
def test_a_proxy_that_asks_for_a_password_is_told_with_the_setting(
    peer_of: MakePeer, url: str
) -> None:
    no = says(f"HTTP/1.1 407 Proxy Authentication Required\r\n{ASKS}".encode())
    said = _failure(_through(peer_of([no]), url, "me:hush@"))
    assert "set proxy (JOULEBOOK_PROXY) to http://name:password@host:port" in said
    assert "hush" not in said


def test_a_proxy_that_digs_no_tunnel_there_is_told(peer_of: MakePeer) -> None:
    said = _failure(
        _through(peer_of([says(b"HTTP/1.1 403 Forbidden\r\n\r\n")]), f"https://{SERVER}")
    )
    assert "403 Forbidden" in said
    assert "through the proxy http://127.0.0.1:" in said


def test_a_page_of_the_proxy_acknowledges_and_refuses_nothing(peer_of: MakePeer) -> None:
    page = b"<html>not allowed</html>"
    proxy = peer_of([says(response(page)), says(response(page, "HTTP/1.1 400 Bad Request"))])
    sender = _through(proxy, f"http://{SERVER}")
    assert "not as a joulebook-server does" in _failure(sender)
    assert "400" in _failure(sender)


@pytest.mark.parametrize("url", [f"http://{SERVER}", f"https://{SERVER}"])
def test_no_failure_repeats_the_password(peer_of: MakePeer, url: str) -> None:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))  # bound, so nobody else gets it, but not listening
        peers = [peer_of([hang_up]), peer_of([says(b"\0\1\2")])]
        for port in (gone.getsockname()[1], *(peer.port for peer in peers)):
            sender = _by_port(port, url, "me:hush@")
            said = _failure(sender)
            assert "hush" not in said + repr(sender) + repr(vars(sender))
            assert f"through the proxy http://***@127.0.0.1:{port}" in said


def test_a_server_on_this_machine_is_reached_without_it(peer_of: MakePeer, edge: Edge) -> None:
    proxy = peer_of()
    for host in ("127.0.0.1", "localhost"):
        _send(_through(proxy, edge.url.replace("127.0.0.1", host)))
    assert (len(edge.heard), proxy.asked) == (2, [])


def test_the_proxies_of_the_environment_are_not_used(
    peer_of: MakePeer, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = peer_of()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.port}")
    _send(HttpSender(edge.url))
    proxy = peer_of([_tunnel("server"), well])
    _send(_through(proxy, f"https://{SERVER}"))
    assert (len(edge.heard), len(proxy.asked), other.asked) == (1, 2, [])
