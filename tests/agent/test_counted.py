"""Records of what was counted for spans that were handed over."""

from collections.abc import Sequence

from joulebook.agent.counted import Count, Counted
from joulebook.clock import ManualClock
from joulebook.metering.span import Labels, Span
from joulebook.wire import Job, parse_time
from joulebook.wire.records import FOUND

S = 1_000_000


class Desk:
    """Counts for one job, and keeps what was told."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.told: list[Job] = []
        self.counted = Counted(self.clock, self._keep)
        self.span = self.opened("a")

    def opened(self, uid: str) -> Span:
        """A span that begins now."""
        span = Span(uid, Labels(name="n", kind="serving", project="p"), parent_uid="above", pid=50)
        span.started_us, span.began_us = self.clock.wall_us(), self.clock.monotonic_us()
        return span

    def count(self, *spans: Span, model: str | None = None, **work: int) -> None:
        self.clock.advance(S)
        self.counted.tell([Count("a", spans, work, {"batch_size": 4.0}, model)])

    def _keep(self, jobs: Sequence[Job]) -> None:
        self.told += jobs


def test_it_has_the_labels_of_the_job_and_a_reporter_that_found_it() -> None:
    desk = Desk()
    desk.count(desk.span, generated_tokens=70, model="org/m")
    (job,) = desk.told
    assert (job.uid, job.parent, job.name, job.project) == ("a", "above", "n", "p")
    assert (job.work, job.quality) == ({"generated_tokens": 70}, {"batch_size": 4.0})
    assert (job.kind, job.model) == ("serving", "org/m")
    assert (job.reporter or "").startswith(FOUND)


def test_a_model_that_the_job_names_itself_stays() -> None:
    desk = Desk()
    desk.span.labels = Labels(model="mine")
    desk.count(desk.span, requests=1, model="served")
    assert desk.told[0].model == "mine"


def test_it_is_ended_where_the_job_was_seen_last_so_that_it_keeps_none_open() -> None:
    desk = Desk()
    desk.count(desk.span, requests=1)
    desk.count(desk.span, requests=2)
    desk.span.ended_us = desk.span.started_us + 2 * S + 5
    desk.count(requests=3)
    lasted = [
        parse_time("$", str(job.ended_at)) - parse_time("$", job.started_at) for job in desk.told
    ]
    assert lasted == [S, 2 * S, 2 * S + 5]
    assert len({job.reporter for job in desk.told}) == 1


def test_what_did_not_change_is_not_told_again() -> None:
    desk = Desk()
    for _ in range(3):
        desk.count(desk.span, requests=1)
    assert len(desk.told) == 1


def test_a_later_record_replaces_the_one_before() -> None:
    desk = Desk()
    desk.count(desk.span, requests=1)
    desk.count(desk.span, requests=2)
    first, second = desk.told
    assert (first.reporter, first.rev < second.rev) == (second.reporter, True)


def test_a_unit_that_the_job_counts_itself_is_taken_back_also_at_its_end() -> None:
    desk = Desk()
    desk.count(desk.span, requests=1, generated_tokens=5)
    desk.span.work = {"requests": 9.0}
    desk.span.ended_us = desk.clock.wall_us()
    desk.count(requests=1, generated_tokens=5)
    assert [job.work for job in desk.told] == [
        {"requests": 1, "generated_tokens": 5},
        {"generated_tokens": 5},
    ]


def test_a_job_that_comes_back_adds_to_what_was_counted_before() -> None:
    desk = Desk()
    desk.count(desk.span, requests=1)
    desk.count(requests=1)
    desk.count(desk.opened("a"), requests=4)
    first, second = desk.told
    assert (first.work, second.work) == ({"requests": 1}, {"requests": 4})
    assert first.reporter != second.reporter
