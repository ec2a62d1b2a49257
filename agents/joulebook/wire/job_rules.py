"""What a batch says of its jobs."""

from collections.abc import Sequence

from joulebook.core.variant import METHODS
from joulebook.wire import rules
from joulebook.wire.records import JOB_KINDS, Job, VariantRecord
from joulebook.wire.times import parse_time


def check_jobs(jobs: Sequence[Job], now_us: int) -> set[int]:
    """Check every job and return their refs.

    Raises:
        WireError: With the JSON path of the first breach.
    """
    refs: set[int] = set()
    known: set[tuple[str, str | None]] = set()
    for index, job in enumerate(jobs):
        at = f"$.jobs[{index}]"
        rules.integer(f"{at}.ref", job.ref)
        if job.ref in refs:
            rules.refuse(f"{at}.ref", f"{job.ref} is used twice")
        _check_job(at, job, now_us)
        if (job.uid, job.reporter) in known:
            rules.refuse(f"{at}.uid", f"{rules.shown(job.uid)} is listed twice")
        refs.add(job.ref)
        known.add((job.uid, job.reporter))
    return refs


def _check_job(at: str, job: Job, now_us: int) -> None:
    rules.integer(f"{at}.rev", job.rev)
    rules.text(f"{at}.uid", job.uid)
    rules.choice(f"{at}.kind", job.kind, JOB_KINDS)
    for name in ("parent", "phase", "name", "project", "user", "model", "reporter"):
        rules.optional_text(f"{at}.{name}", getattr(job, name))
    if job.parent == job.uid:
        rules.refuse(f"{at}.parent", "a job cannot be its own parent")
    if job.variant is not None:
        _check_variant(f"{at}.variant", job.variant)
    _check_span(at, job, now_us)
    _check_amounts(at, job)


def _check_variant(at: str, variant: VariantRecord) -> None:
    rules.text(f"{at}.label", variant.label)
    rules.choices(f"{at}.method", variant.method, METHODS)
    rules.optional_text(f"{at}.scheme", variant.scheme)
    rules.optional_text(f"{at}.parent", variant.parent)


def _check_span(at: str, job: Job, now_us: int) -> None:
    started = parse_time(f"{at}.started_at", job.started_at)
    rules.moment(f"{at}.started_at", started, now_us)
    if job.ended_at is None:
        return
    ended = parse_time(f"{at}.ended_at", job.ended_at)
    rules.moment(f"{at}.ended_at", ended, now_us)
    if ended < started:
        rules.refuse(f"{at}.ended_at", "the job ends before it starts")


def _check_amounts(at: str, job: Job) -> None:
    for key, amount in job.work.items():
        rules.text(f"{at}.work", key)
        rules.amount(rules.child(f"{at}.work", key), amount)
    for key, score in job.quality.items():
        rules.text(f"{at}.quality", key)
        rules.number(rules.child(f"{at}.quality", key), score)
