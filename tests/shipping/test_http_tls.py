"""TLS: who may vouch for the server, and what to do where nobody does."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of
from tests.shipping.peer import Act, Asked, Peer, well

from joulebook.errors import Unreachable
from joulebook.shipping.http import HttpSender
from joulebook.shipping.route import Route
from joulebook.wire import encode

FILES = Path(__file__).parent / "tls"  # made by make.sh
AUTHORITY = FILES / "authority.pem"
MakePeer = Callable[..., Peer]


def _tls(name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FILES / f"{name}.pem")
    return context


def _to(peer: Peer, ca_file: Path | None = AUTHORITY, host: str = "127.0.0.1") -> HttpSender:
    return HttpSender(f"https://{host}:{peer.port}", "hush", 30.0, route=Route(ca_file=ca_file))


def _send(sender: HttpSender, seq: int = 0) -> int:
    return sender.send(encode(batch_of("agent", "epoch", seq))).seq


def _refusal(peer: Peer, sender: HttpSender) -> str:
    with pytest.raises(Unreachable) as caught:
        _send(sender)
    assert peer.asked == []
    return str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_whose_authority_we_were_given_gets_its_batch(
    peer_of: MakePeer, host: str
) -> None:
    peer = peer_of(tls=_tls())
    assert _send(_to(peer, host=host), 3) == 3
    assert "authorization: bearer hush" in peer.asked[0].head.lower()


def test_many_batches_need_one_handshake(peer_of: MakePeer) -> None:
    peer = peer_of(tls=_tls())
    sender = _to(peer)
    assert [_send(sender, seq) for seq in range(3)] == [0, 1, 2]
    assert peer.connections == [0, 0, 0]


def _bid_farewell(end: object, asked: Asked) -> None:
    assert isinstance(end, ssl.SSLSocket)
    well(end, asked)
    end.settimeout(0.01)  # it does not wait for ours
    end.unwrap()


def _leave(end: object, asked: Asked) -> None:
    assert isinstance(end, ssl.SSLSocket)
    well(end, asked)


@pytest.mark.parametrize("last", [_leave, _bid_farewell])
def test_a_server_that_closes_an_idle_tls_connection_costs_nothing(
    peer_of: MakePeer, last: Act
) -> None:
    peer = peer_of([last], tls=_tls())
    sender = _to(peer)
    _send(sender, 0)
    assert peer.wait_closed(0)
    assert _send(sender, 1) == 1
    assert peer.connections == [0, 1]


def test_a_tls_server_that_hangs_up_on_a_kept_connection_is_sent_the_batch_again(
    peer_of: MakePeer,
) -> None:
    peer = peer_of([well, lambda *_: None], tls=_tls())
    sender = _to(peer)
    _send(sender, 0)
    assert _send(sender, 1) == 1
    assert peer.connections == [0, 0, 1]


def test_the_system_alone_does_not_vouch_for_it_and_the_text_says_which_setting(
    peer_of: MakePeer,
) -> None:
    peer = peer_of(tls=_tls())
    said = _refusal(peer, _to(peer, None))
    assert "set ca_file (JOULEBOOK_CA_FILE) to the PEM certificate of the authority" in said


def test_another_authority_does_not_vouch_for_it(peer_of: MakePeer) -> None:
    peer = peer_of(tls=_tls())
    assert "JOULEBOOK_CA_FILE" in _refusal(peer, _to(peer, FILES / "stranger.pem"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_name_is_not_accepted(peer_of: MakePeer, host: str) -> None:
    peer = peer_of(tls=_tls("elsewhere"))
    said = _refusal(peer, _to(peer, host=host))
    assert host in said
    assert "set server (JOULEBOOK_SERVER) to a name that it was made for" in said


def test_a_certificate_that_has_expired_is_not_accepted(peer_of: MakePeer) -> None:
    peer = peer_of(tls=_tls("expired"))
    assert "certificate has expired); renew it" in _refusal(peer, _to(peer))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        ("", "holds no certificate"),
        ("not a certificate", "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n", "holds no certificate"),
    ],
    ids=["missing", "empty", "text", "damaged"],
)
def test_a_file_of_authorities_that_is_none_is_named_and_nobody_trusted(
    peer_of: MakePeer, tmp_path: Path, content: str | None, why: str
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    said = _refusal(peer := peer_of(tls=_tls()), _to(peer, path))
    assert str(path) in said
    assert why in said
    assert "set ca_file (JOULEBOOK_CA_FILE) to a PEM file" in said


def test_a_folder_is_no_file_of_authorities(peer_of: MakePeer, tmp_path: Path) -> None:
    peer = peer_of(tls=_tls())
    assert str(tmp_path) in _refusal(peer, _to(peer, tmp_path))


@pytest.mark.parametrize("before", [None, "stranger"])
def test_a_file_of_authorities_that_was_mended_is_read_again(
    peer_of: MakePeer, tmp_path: Path, before: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if before is not None:
        path.write_bytes((FILES / f"{before}.pem").read_bytes())
    peer = peer_of(tls=_tls())
    sender = _to(peer, path)
    _refusal(peer, sender)
    path.write_bytes(AUTHORITY.read_bytes())
    assert _send(sender, 5) == 5


def test_a_server_without_tls_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def refuse() -> None:
            end, _ = plain.accept()
            with end, contextlib.suppress(OSError):  # the client hangs up
                end.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                while end.recv(65536):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        sender = HttpSender(f"https://127.0.0.1:{plain.getsockname()[1]}")
        with pytest.raises(Unreachable, match="should server begin with http://"):
            _send(sender)
        thread.join()


def test_a_tls_server_that_is_asked_without_tls_is_unreachable(peer_of: MakePeer) -> None:
    peer = peer_of(tls=_tls())
    sender = HttpSender(f"http://127.0.0.1:{peer.port}", "hush")
    assert "hush" not in _refusal(peer, sender)
