"""What servers did within declared jobs, from page to page."""

from fractions import Fraction

from joulebook.core.serving import Served
from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.serving.declared import Around, DeclaredWork
from joulebook.discovery.serving.jobs import ServingJobs
from joulebook.discovery.serving.watch import ServerSeen

TARGET = ServingTarget("http://h:1/metrics", 1)
OUTER, INNER = Around("outer", 0, "found"), Around("inner", 15, "outer")


def seen(tokens: int, until_us: int, run: int = 1) -> ServerSeen:
    """A server whose page was read last at a moment, monotonic µs."""
    models = {"m": {"generated_tokens": tokens}}
    served = Served("vLLM", 0, until_us, models, batch=Fraction(4))
    return ServerSeen(TARGET, run, (60,), served, None)


def generated(work: DeclaredWork, job: str) -> int | None:
    return work.work(job).get("generated_tokens")


def test_a_server_that_comes_in_a_job_does_all_that_it_does_for_it() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [OUTER])
    work.take(seen(90, 20), [OUTER])
    assert (generated(work, "outer"), work.model("outer")) == (90, "m")
    assert work.quality("outer") == {"batch_size": 4.0}


def test_what_is_done_in_an_inner_job_counts_from_the_first_page_after_it_began() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [OUTER])
    work.take(seen(90, 20), [INNER, OUTER])  # nobody knows how much of it before it began
    work.take(seen(95, 30), [INNER, OUTER])
    work.take(seen(99, 40), [OUTER])  # nor how much after its end
    assert (generated(work, "outer"), generated(work, "inner")) == (99, 5)
    assert work.quality("inner") == {}  # the mean is that of a longer time
    assert work.quality("outer") == {"batch_size": 4.0}


def test_a_job_that_the_inner_one_is_no_part_of_has_nothing_of_it() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [Around("inner", 5, "elsewhere"), OUTER])
    assert (generated(work, "outer"), generated(work, "inner")) == (None, 70)


def test_several_spans_of_one_job_count_once() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [Around("a", 5, "a"), Around("a", 0, "above")])
    assert generated(work, "a") == 70


def test_of_jobs_one_after_the_other_none_has_what_was_done_between_their_pages() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [Around("a", 5)])
    work.take(seen(80, 20), [Around("b", 15)])
    work.take(seen(95, 30), [Around("b", 15)])
    assert (generated(work, "a"), generated(work, "b")) == (70, 15)


def test_a_page_that_is_seen_again_counts_once() -> None:
    work = DeclaredWork()
    for _ in range(3):
        work.take(seen(70, 10), [OUTER])
    assert generated(work, "outer") == 70


def test_what_a_server_did_before_any_job_is_of_none() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [])
    work.take(seen(80, 20), [INNER])
    work.take(seen(80, 30), [INNER])
    assert generated(work, "inner") == 0  # it is followed from here on


def test_a_server_that_is_started_anew_adds_to_its_job() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [OUTER])
    work.keep([(TARGET, 2)])
    work.take(seen(5, 20, run=2), [OUTER])
    assert (generated(work, "outer"), work.quality("outer")) == (75, {})


def test_a_job_that_ended_is_forgotten() -> None:
    work = DeclaredWork()
    work.take(seen(70, 10), [OUTER])
    work.forget("outer")
    assert (generated(work, "outer"), list(work.jobs())) == (None, [])


def two_spans(parent: str | None) -> ServingJobs:
    """A server in a span and out of it again, all in a found job."""
    jobs, found = ServingJobs(), {60: "found"}
    for tokens, at_us in ((70, 10), (80, 20)):
        jobs.take([seen(tokens, at_us)], found.get, lambda _: [Around("a", 0, parent)])
    assert jobs.declared.work("a") == {"generated_tokens": 80}
    if parent != "found":
        assert jobs.work("found") == {}
    for tokens, at_us in ((95, 30), (99, 40)):
        jobs.take([seen(tokens, at_us)], found.get)
    return jobs


def test_a_found_job_has_what_was_done_in_it_and_in_its_parts() -> None:
    jobs = two_spans("found")
    assert jobs.work("found") == {"generated_tokens": 99}
    assert jobs.quality("found") == {"batch_size": 4.0}


def test_a_found_job_has_nothing_that_was_done_in_a_span_that_is_no_part_of_it() -> None:
    jobs = two_spans(None)
    assert jobs.work("found") == {"generated_tokens": 19}
    assert jobs.quality("found") == {}
    jobs.declared.forget("a")
    assert jobs.work("found") == {"generated_tokens": 19}
