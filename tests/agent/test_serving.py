"""Whose the work of inference servers is, from look to look."""

import logging
from collections.abc import Sequence

import pytest

from joulebook.agent.counted import Counted
from joulebook.agent.deeds import Look
from joulebook.agent.serving import PATIENCE, ServingDeeds
from joulebook.clock import ManualClock
from joulebook.core.families import Process
from joulebook.core.serving import Served
from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.owner import JobLabels
from joulebook.discovery.serving.watch import ServerSeen
from joulebook.metering.span import Labels, Span
from joulebook.wire import Job

URL = "http://127.0.0.1:8000/metrics"
TABLE = {50: Process(1, 0, 0), 60: Process(50, 0, 0)}
SPAN = Span("mine", Labels(), pid=50, started_us=1_700_000_000_000_000)


def seen(tokens: int, *pids: int, at_us: int = 1, trouble: str | None = None) -> ServerSeen:
    served = Served("vLLM", 0, at_us, {"m": {"generated_tokens": tokens}})
    return ServerSeen(ServingTarget(URL, 8000), 1, pids, served, trouble)


def look(*measured: str, owner: str | None = "a", handed: tuple[Span, ...] = ()) -> Look:
    return Look(TABLE, {} if owner is None else {60: owner}, set(measured), handed)


class Servers:
    """What was seen last."""

    def __init__(self) -> None:
        self.last = [seen(0, 60)]
        self.told: list[Job] = []
        self.deeds = ServingDeeds(lambda: self.last, Counted(ManualClock(), self._keep))

    def grown(self, tokens: int, at: Look) -> dict[str, int]:
        self.last = [seen(tokens, 60)]
        self.deeds.look(at)
        return dict(self.deeds.grown("a"))

    def _keep(self, jobs: Sequence[Job]) -> None:
        self.told += jobs


def test_a_job_gets_what_its_server_did_since_the_look_before() -> None:
    servers = Servers()
    assert servers.grown(70, look("a")) == {"generated_tokens": 70}
    assert servers.grown(75, look("a")) == {"generated_tokens": 5}
    assert servers.grown(75, look("a")) == {}


def test_a_job_that_serves_is_known_by_its_model_as_serving() -> None:
    servers = Servers()
    assert servers.deeds.labels("a") == JobLabels()
    servers.grown(1, look("a"))
    assert servers.deeds.labels("a") == JobLabels(model="m", kind="serving")


def test_a_server_below_a_process_with_a_span_of_its_own_works_for_that_one() -> None:
    servers = Servers()
    assert servers.grown(70, look("a", handed=(SPAN,))) == {}
    assert servers.deeds.labels("a") == JobLabels()
    (job,) = servers.told
    assert (job.uid, job.work) == ("mine", {"generated_tokens": 70})


def test_a_found_job_that_the_span_is_part_of_has_its_work_as_well() -> None:
    servers = Servers()
    part = Span("mine", Labels(), pid=50, parent_uid="a", started_us=SPAN.started_us)
    assert servers.grown(70, look("a", handed=(part,))) == {"generated_tokens": 70}
    assert servers.told[-1].work == {"generated_tokens": 70}


def test_a_server_that_left_its_tree_still_works_for_the_span_that_it_was_in() -> None:
    servers = Servers()
    servers.grown(70, look(handed=(SPAN,)))
    servers.last = [seen(75, 60, at_us=2)]
    orphan = {50: TABLE[50], 60: Process(1, 0, 0)}
    servers.deeds.look(Look(orphan, {60: "a"}, {"a"}, (SPAN,)))
    assert [job.work for job in servers.told] == [
        {"generated_tokens": 70},
        {"generated_tokens": 75},
    ]


def test_a_page_of_a_server_that_is_gone_by_now_still_counts_for_its_span() -> None:
    servers = Servers()
    servers.grown(70, look(handed=(SPAN,)))
    servers.last = [seen(75, 60, at_us=2)]
    servers.deeds.look(Look({50: TABLE[50]}, {}, set(), (SPAN,)))
    assert servers.told[-1].work == {"generated_tokens": 75}


def test_a_job_that_has_a_span_again_is_not_told_again_what_its_record_has() -> None:
    servers = Servers()
    servers.grown(70, look("a"))
    servers.deeds.look(look())  # its process opened a span of its own, and closed it
    assert servers.grown(72, look("a")) == {"generated_tokens": 2}


def test_a_job_that_ended_with_its_server_begins_anew_if_it_comes_back() -> None:
    servers = Servers()
    servers.grown(70, look("a"))
    servers.last = []
    servers.deeds.look(look(owner=None))
    assert servers.deeds.grown("a") == {}
    assert servers.grown(5, look("a")) == {"generated_tokens": 5}


def test_trouble_is_said_once_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "joulebook")
    servers = Servers()
    for trouble in ("it hangs", "it hangs", None):
        servers.last = [seen(1, 60, trouble=trouble)]
        servers.deeds.look(look("a"))
    assert caplog.messages == ["joulebook: it hangs", f"joulebook: {URL} is read again"]


def test_a_server_that_is_no_jobs_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    servers = Servers()
    for _ in range(2 * PATIENCE):
        servers.deeds.look(look(owner=None))
    (message,) = caplog.messages
    assert f"{URL}: its work goes to no job" in message


def test_a_server_in_a_span_is_some_jobs(caplog: pytest.LogCaptureFixture) -> None:
    servers = Servers()
    for _ in range(2 * PATIENCE):
        servers.deeds.look(look(owner=None, handed=(SPAN,)))
    assert caplog.messages == []
