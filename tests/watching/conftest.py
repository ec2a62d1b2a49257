"""Windows as a session books them, and a page on loopback."""

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from tests.builders import JobSpec

from joulebook.clock import Clock, ManualClock, SystemClock
from joulebook.core.attribute import Bucket
from joulebook.core.window import Window
from joulebook.metering.assemble import Booked, Share
from joulebook.probes.protocol import Sensor
from joulebook.watching.page import Page, Reply, Routes
from joulebook.watching.watched import Watched
from joulebook.wire import Job

START_US = 1_795_428_000_000_000
SECOND = 1_000_000

Serve = Callable[..., Page]


def sensor(uid: str, kind: str, problem: str | None = None, parent: str | None = None) -> Sensor:
    return Sensor(
        uid=uid,
        index=0,
        kind=kind,
        scope="gpu" if kind == "gpu" else "package",
        additive=kind != "host",
        name=uid,
        vendor="unknown",
        method="counter",
        problem=problem,
        parent=parent,
    )


SENSORS = (sensor("GPU-1", "gpu"), sensor("cpu:m:package-0", "cpu"), sensor("wall", "host"))


def booked(  # noqa: PLR0913 - all of it goes into a window
    uid: str = "GPU-1",
    shares: dict[tuple[str, str | None], int] | None = None,
    *,
    energy_uj: int | None = None,
    method: str = "counter",
    own_uj: int | None = None,
    end_us: int = START_US + 10 * SECOND,
) -> Booked:
    """A window of 10 s whose shares, by bucket and job, are its energy unless that is told."""
    given = shares or {}
    window = Window(
        uid=uid,
        start_us=end_us - 10 * SECOND,
        end_us=end_us,
        counter_start_uj=None,
        counter_end_uj=None,
        energy_uj=sum(given.values()) if energy_uj is None else energy_uj,
        observed_us=10 * SECOND,
        method=method,
        err_sys_uj=0,
        err_rand_uj=0,
        power_max_mw=None,
        utilization=None,
        own_uj=own_uj,
    )
    return Booked(window, [Share(Bucket(bucket), job, uj) for (bucket, job), uj in given.items()])


def job(uid: str = "run:1", rev: int = 1, model: str | None = "model-1") -> Job:
    return JobSpec(uid=uid, rev=rev, model=model, user="1001", variant="int8").job()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_US)


@pytest.fixture
def watched(clock: ManualClock) -> Watched:
    return Watched(clock, most_jobs=500)


@dataclass(frozen=True)
class Got:
    """An answer."""

    status: int
    content: str
    headers: dict[str, str]


def get(page: Page, path: str, verb: str = "GET", body: bytes | None = None) -> Got:
    connection = http.client.HTTPConnection(urlsplit(page.url).netloc, timeout=60)
    try:
        connection.request(verb, path, body)
        answer = connection.getresponse()
        return Got(answer.status, answer.read().decode(), dict(answer.getheaders()))
    finally:
        connection.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts pages on free ports of loopback, and ends them with the test."""
    started: list[Page] = []

    def start(
        routes: Routes, clock: Clock | None = None, host: str = "127.0.0.1", **more: float
    ) -> Page:
        page = Page(f"{host}:0", routes, clock or SystemClock(), **more)
        page.start()
        started.append(page)
        return page

    yield start
    for page in started:
        page.stop()


def hello() -> Reply:
    return Reply(b"hello\n")
