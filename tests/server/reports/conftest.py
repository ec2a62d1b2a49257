"""Servers for reports."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.reports.fleet import MINUTE_US, Fleet, Serve, at, push_mixed, serve_from


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers, each on its own database; takes settings such as `zone` and `pue`."""
    opened: list[Fleet] = []

    def start(**settings: str) -> Fleet:
        opened.append(serve_from(tmp_path / f"{len(opened)}.db", **settings))
        return opened[-1]

    yield start
    for fleet in opened:
        fleet.store.close()


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Two hosts, three kinds of device, four jobs and every bucket, over two days in spring.

    For reading alone: all tests share it.
    """
    fleet = serve_from(tmp_path_factory.mktemp("mixed") / "server.db")
    first = at("2026-03-28T00:00:00Z")  # clocks in Europe change a day later
    for index, host in enumerate(("north", "south")):
        for hours in range(0, 40, 3):
            push_mixed(fleet, host, first + (hours * 60 + index * 15) * MINUTE_US)
    yield fleet
    fleet.store.close()
