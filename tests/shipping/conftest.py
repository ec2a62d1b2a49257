"""A spool in a folder of its own, and a server's edge on loopback."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.shipping.edge import Edge
from tests.shipping.peer import Act, Peer
from tests.shipping.small import Open

from joulebook.clock import ManualClock
from joulebook.shipping.http import HttpSender
from joulebook.shipping.spool import Bounds, Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spool.db"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(path: Path, clock: ManualClock) -> Iterator[Open]:
    """Opens the spool under these bounds; all are closed at the end."""
    made: list[Spool] = []

    def open_spool(bounds: Bounds) -> Spool:
        made.append(Spool(path, clock, bounds))
        return made[-1]

    yield open_spool
    for one in made:
        one.close()


@pytest.fixture
def spool(path: Path) -> Iterator[Spool]:
    made = Spool(path, ManualClock())
    yield made
    made.close()


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.close()


@pytest.fixture
def sender(edge: Edge) -> HttpSender:
    return HttpSender(edge.url, "secret", 30.0)


@pytest.fixture
def peer_of() -> Iterator[Callable[..., Peer]]:
    """Makes servers that misbehave as told."""
    made: list[Peer] = []

    def make(*scripts: list[Act], tls: ssl.SSLContext | None = None) -> Peer:
        made.append(Peer(*scripts, tls=tls))
        return made[-1]

    yield make
    for peer in made:
        peer.close()
