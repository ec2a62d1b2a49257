"""A spool in a folder of its own, and a server's edge on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.shipping.edge import Edge

from joulebook.clock import ManualClock
from joulebook.shipping.http import HttpSender
from joulebook.shipping.spool import Spool


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spool.db"


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
