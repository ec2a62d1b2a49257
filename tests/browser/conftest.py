"""A browser, a server with nothing in it, and one with two hours of two simulated hosts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser
from tests.browser import chromium
from tests.browser.hours import now_us, two_hours
from tests.browser.odd import CORRECTED, CORRECTION, family, hostile
from tests.browser.server import Server, serving
from tests.browser.watching import Look, Watched, look, watching

Open = Callable[..., Watched]
Seen = Callable[[Server, str], Look]


# One module long: while it runs, its thread has an event loop, and other tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        pytest.skip(chromium.MISSING)
    with chromium.started(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server to which nothing was sent; for reading alone."""
    with serving(tmp_path_factory.mktemp("empty")) as server:
        yield server


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with two hours of two simulated hosts, and what is rare; for reading alone."""
    with serving(tmp_path_factory.mktemp("filled")) as server:
        end_us = now_us()
        server.push([*two_hours(end_us), hostile(end_us), family(end_us)])
        server.correct(CORRECTED, CORRECTION)
        yield server


@pytest.fixture(scope="module")
def seen(browser: Browser) -> Seen:
    """What a visit to a path of a server saw; one visit for all tests that ask."""
    looks: dict[tuple[str, str], Look] = {}

    def make(server: Server, path: str) -> Look:
        key = (server.url, path)
        if key not in looks:
            looks[key] = look(browser, server.url, path)
        return looks[key]

    return make


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a path of a server; `scripts=False` without JavaScript, `width` in CSS pixels."""
    with ExitStack() as stack:

        def make(server: Server, path: str, *, missing: bool = False, **how: int) -> Watched:
            watched = stack.enter_context(watching(browser, server.url, **how))  # type: ignore[arg-type]
            watched.missing = path if missing else None
            watched.open(path)
            return watched

        yield make
