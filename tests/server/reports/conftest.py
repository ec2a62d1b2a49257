"""Servers for reports."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from tests.postgres import cluster
from tests.server.reports.fleet import MINUTE_US, Fleet, Serve, at, push_mixed, serve_from

NewUrl = Callable[[], str]


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> NewUrl:
    """Makes URLs of new databases of one kind: every fact holds of both."""
    if request.param == "postgresql":
        return cluster().migrated
    folder, numbers = tmp_path_factory.mktemp("databases"), count()
    return lambda: f"sqlite:///{folder}/{next(numbers)}.db"


@pytest.fixture
def serve(new_url: NewUrl) -> Iterator[Serve]:
    """Starts servers, each on its own database; takes settings such as `zone` and `pue`."""
    opened: list[Fleet] = []

    def start(**settings: str) -> Fleet:
        opened.append(serve_from(new_url(), **settings))
        return opened[-1]

    yield start
    for fleet in opened:
        fleet.store.close()


@pytest.fixture(scope="session")
def mixed(new_url: NewUrl) -> Iterator[Fleet]:
    """Two hosts, three kinds of device, four jobs and every bucket, over two days in spring.

    For reading alone: all tests share it.
    """
    fleet = serve_from(new_url())
    first = at("2026-03-28T00:00:00Z")  # clocks in Europe change a day later
    for index, host in enumerate(("north", "south")):
        for hours in range(0, 40, 3):
            push_mixed(fleet, host, first + (hours * 60 + index * 15) * MINUTE_US)
    yield fleet
    fleet.store.close()
