"""Servers that come, work, fail, restart and leave, each a real one on loopback."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.discovery.serving.conftest import ServingProcess
from tests.fakes.exporter_server import ExporterServer, Say
from tests.fakes.serving_pages import tgi, vllm

from joulebook.clock import ManualClock
from joulebook.core.serving_target import ServingTarget, serving_targets
from joulebook.discovery.serving.watch import ServerSeen, ServingWatch

S = 1_000_000
PROC = Path("/proc")
Look = Callable[[], ServerSeen]


@pytest.fixture
def look(server: ExporterServer, fetch: Callable[[str], str], clock: ManualClock) -> Look:
    """One look at the server of this process, a second after the one before."""
    watch = ServingWatch(serving_targets(server.url), fetch, clock, PROC)
    return lambda: looked(watch, clock)


def looked(watch: ServingWatch, clock: ManualClock) -> ServerSeen:
    clock.advance(S)
    watch.look()
    (seen,) = watch.seen()
    return seen


def generated(seen: ServerSeen) -> int | None:
    return None if seen.served is None else seen.served.work["generated_tokens"]


def test_work_goes_with_the_process_that_listens(server: ExporterServer, look: Look) -> None:
    server.say = Say(vllm(1000))
    look()
    server.say = Say(vllm(1250))
    seen = look()
    assert (generated(seen), seen.pids, seen.trouble) == (250, (os.getpid(),), None)


def test_before_the_first_look_nothing_was_seen(fetch: Callable[[str], str]) -> None:
    watch = ServingWatch(serving_targets("http://127.0.0.1:9"), fetch, ManualClock(), PROC)
    assert watch.seen() == ()


@pytest.mark.parametrize(
    "say",
    [
        Say(status=500),
        Say(status=302, headers={"Location": "/elsewhere"}),
        Say(vllm(1100), only=-20),
        Say("<html></html>\n"),
        Say("#" * (9 << 20) + "\n"),
    ],
    ids=["error", "redirect", "cut short", "not a page", "too long"],
)
def test_a_failed_read_is_a_gap_that_the_next_one_spans(
    server: ExporterServer, look: Look, say: Say
) -> None:
    server.say = Say(vllm(1000))
    look()
    server.say = say
    failed = look()
    assert failed.trouble is not None
    assert server.url in failed.trouble
    assert generated(failed) == 0  # what was done up to the last good read
    server.say = Say(vllm(1600))
    assert generated(look()) == 600


def test_a_server_that_hangs_is_not_waited_for_long(
    server: ExporterServer, clock: ManualClock
) -> None:
    from joulebook.probes.exporter.http import get  # noqa: PLC0415 - with another time limit

    target = serving_targets(server.url)
    watch = ServingWatch(target, lambda url: get(url, 0.2, clock), clock, PROC)
    server.say = Say(hang=True)
    seen = looked(watch, clock)
    assert seen.served is None
    assert "did not answer in 0.2 s" in str(seen.trouble)


def test_one_server_that_fails_leaves_the_others(
    server: ExporterServer, fetch: Callable[[str], str], clock: ManualClock
) -> None:
    server.say = Say(tgi(100))
    watch = ServingWatch(serving_targets(f"http://127.0.0.1:1, {server.url}"), fetch, clock, PROC)
    watch.look()
    server.say = Say(tgi(130))
    watch.look()
    silent, speaking = watch.seen()
    assert (generated(silent), silent.pids) == (None, ())
    assert generated(speaking) == 30


def test_a_server_that_starts_while_it_is_watched_for_counts_from_zero(
    start: Callable[..., ServingProcess],
    fetch: Callable[[str], str],
    clock: ManualClock,
    tmp_path: Path,
) -> None:
    page = tmp_path / "page"
    page.write_text(vllm(1000))
    first = start(page)
    watch = ServingWatch(serving_targets(first.url), fetch, clock, PROC)
    before = looked(watch, clock)
    page.write_text(vllm(1100))
    assert generated(looked(watch, clock)) == 100

    first.end()
    gone = looked(watch, clock)
    assert (generated(gone), gone.pids) == (100, ())
    page.write_text(vllm(1500, started=9.5))
    second = start(page, first.port)
    after = looked(watch, clock)
    assert (generated(after), after.pids) == (1500, (second.pid,))
    assert (before.pids, before.run + 1) == ((first.pid,), after.run)


def test_a_process_may_be_named_where_a_proxy_listens(
    server: ExporterServer, fetch: Callable[[str], str], clock: ManualClock
) -> None:
    server.say = Say(tgi(100))
    target = ServingTarget(server.url, 1, pid=os.getppid())
    watch = ServingWatch([target], fetch, clock, PROC)
    assert looked(watch, clock).pids == (os.getppid(),)


def test_a_page_of_which_nobody_here_listens_belongs_to_no_job_and_says_why(
    server: ExporterServer, fetch: Callable[[str], str], clock: ManualClock
) -> None:
    server.say = Say(tgi(100))
    watch = ServingWatch([ServingTarget(server.url, 1)], fetch, clock, PROC)
    seen = looked(watch, clock)
    assert (generated(seen), seen.pids) == (0, ())
    assert "no process of this host listens on port 1" in str(seen.trouble)
