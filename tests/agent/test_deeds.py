"""What jobs did beside using energy, in the records of their spans."""

from collections.abc import Mapping

from joulebook.agent.deeds import Deeds, Look
from joulebook.agent.increments import Increments
from joulebook.agent.shifts import Shifts
from joulebook.clock import ManualClock
from joulebook.core.families import Process
from joulebook.discovery.owner import JobLabels
from joulebook.metering.span import Labels, Span


class Counter:
    """Counts what it is told."""

    def __init__(self, labels: JobLabels | None = None) -> None:
        self.totals: dict[str, dict[str, int]] = {}
        self.figures: dict[str, float] = {}
        self.known = labels or JobLabels()
        self._told = Increments()

    def look(self, look: Look) -> None:
        self.seen = look

    def grown(self, job: str) -> Mapping[str, int]:
        return self._told.since(job, self.totals.get(job, {}))

    def quality(self, job: str) -> Mapping[str, float]:
        del job
        return self.figures

    def labels(self, job: str) -> JobLabels:
        del job
        return self.known


class Broken(Counter):
    def look(self, look: Look) -> None:
        raise OSError(look)


NOTHING = Look({}, {}, set())


SHIFTS = Shifts(ManualClock(), lambda _: False)


def span(uid: str = "a") -> Span:
    return Span(uid, Labels(), pid=50, found=True, shared=True)


def test_a_job_has_what_was_counted_for_it_and_no_other_has() -> None:
    counter, mine, other = Counter(), span(), span("b")
    counter.totals["a"] = {"tokens": 7}
    counter.figures = {"batch_size": 2.5}
    Deeds([counter], SHIFTS).look(NOTHING, [other, mine])
    assert (mine.work, mine.quality) == ({"tokens": 7}, {"batch_size": 2.5})
    assert other.work == {}


def test_a_total_that_grows_is_told_once_by_all_spans_of_a_job() -> None:
    counter, first, second = Counter(), span(), span()
    deeds = Deeds([counter], SHIFTS)
    counter.totals["a"] = {"tokens": 7}
    deeds.look(NOTHING, [first, second])
    counter.totals["a"] = {"tokens": 9}
    deeds.look(NOTHING, [second])  # the first ended, and its share stays in the record
    assert (first.work, second.work) == ({"tokens": 7}, {"tokens": 2})


def test_a_unit_that_did_not_move_is_told_as_zero_and_one_that_is_unknown_is_missing() -> None:
    counter, mine = Counter(), span()
    counter.totals["a"] = {"tokens": 0}
    Deeds([counter], SHIFTS).look(NOTHING, [mine])
    assert mine.work == {"tokens": 0}


def test_what_a_record_may_be_reading_is_replaced_and_not_changed() -> None:
    counter, mine = Counter(), span()
    counter.totals["a"] = {"tokens": 1}
    read = mine.work
    Deeds([counter], SHIFTS).look(NOTHING, [mine])
    assert read == {}


def test_a_source_that_fails_leaves_the_others() -> None:
    counter, mine = Counter(), span()
    counter.totals["a"] = {"tokens": 1}
    Deeds([Broken(), counter], SHIFTS).look(NOTHING, [mine])
    assert mine.work == {"tokens": 1}


def test_labels_are_of_the_first_source_that_tells() -> None:
    deeds = Deeds(
        [Counter(), Counter(JobLabels(model="m")), Counter(JobLabels("n", model="x"))], SHIFTS
    )
    assert deeds.labels("a") == JobLabels(name="n", model="m")
    assert Deeds([], SHIFTS).labels("a") == JobLabels()


def test_a_look_tells_the_processes_of_jobs_that_are_measured() -> None:
    table = {pid: Process(1, 0, 0) for pid in (50, 51, 52)}
    look = Look(table, {50: "a", 51: "a", 52: "b"}, {"a", "c"})
    assert look.jobs() == {"a": [50, 51], "c": []}
