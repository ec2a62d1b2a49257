"""From rows to batches: exact, cut, and named by their content."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.importing.files import DAY, NOW_US, readings, seconds

from joulebook.core.units import QUARTER_US, US_PER_S, quarter_of
from joulebook.importing.batches import batches_of
from joulebook.wire import Batch, check, encode, format_time

PLAIN = "start,duration_s,device,energy_uj"
WITH_JOBS = f"{PLAIN},job,work_samples"
HOUR = f"{DAY}T09:00:00Z"


def of(*rows: str, header: str = PLAIN, zone: str | None = None, **options: Any) -> list[Batch]:  # noqa: ANN401 - those of `readings`
    """The batches of a file."""
    return list(batches_of(readings(header, *rows, **options).rows, zone))


def column(made: Sequence[Batch], name: str) -> list[Any]:
    return [value for batch in made for value in getattr(batch.meters, name)]


def booked(made: Sequence[Batch]) -> dict[tuple[str, str | None], int]:
    """Energy by bucket and job, µJ."""
    sums: dict[tuple[str, str | None], int] = {}
    for batch in made:
        uids = {job.ref: job.uid for job in batch.jobs}
        parts = batch.parts
        for bucket, ref, energy in zip(parts.bucket, parts.job, parts.energy_uj, strict=True):
            key = (bucket, uids.get(ref))
            sums[key] = sums.get(key, 0) + energy
    return sums


def names(made: Sequence[Batch]) -> list[tuple[str, str, int]]:
    """What a server knows batches by."""
    return [(batch.agent.id, batch.agent.epoch, batch.seq) for batch in made]


LENGTHS = st.integers(1, US_PER_S) | st.integers(1, 3 * QUARTER_US)
ROWS = st.lists(
    st.tuples(
        *(st.integers(0, QUARTER_US), LENGTHS, st.integers(0, 1_000)),
        *(st.sampled_from("xy"), st.sampled_from(["", "a", "b"])),
    ),
    min_size=1,
    max_size=30,
)


@given(ROWS)
def test_all_energy_time_and_error_of_the_rows_is_in_the_batches(
    rows: list[tuple[int, int, int, str, str]],
) -> None:
    at_us, lines = 0, []
    for gap_us, length_us, watts, device, job in rows:
        at_us += gap_us
        told = (format_time(at_us), f"{length_us / US_PER_S:.6f}", device, watts * length_us, job)
        lines.append(",".join(map(str, told)))
        at_us += length_us
    made = of(*lines, header=f"{PLAIN},job")
    for batch in made:
        check(batch, NOW_US)
    told_rows = readings(f"{PLAIN},job", *lines).rows
    assert sum(column(made, "energy_uj")) == sum(row.energy_uj for row in told_rows)
    assert sum(booked(made).values()) == sum(row.energy_uj for row in told_rows)
    assert sum(column(made, "observed_us")) == sum(row.end_us - row.start_us for row in told_rows)
    assert sum(column(made, "err_sys_uj")) == sum(row.error_uj for row in told_rows)


def test_a_long_row_is_cut_at_quarter_hours() -> None:
    made = of(f"{DAY}T09:10:00Z,3600,phone,3600")
    starts = [start // US_PER_S % 3_600 for start in column(made, "start_us")]
    assert starts == [600, 900, 1_800, 2_700, 0]
    assert column(made, "energy_uj") == [300, 900, 900, 900, 600]


def test_rows_shorter_than_a_second_are_put_together_by_the_second() -> None:
    rows = [f"{DAY}T09:00:{at / 1000:06.3f}Z,0.001,phone,{at}" for at in range(2_500)]
    made = of(*rows)
    sums = [sum(range(1_000)), sum(range(1_000, 2_000)), sum(range(2_000, 2_500))]
    assert column(made, "energy_uj") == sums
    assert column(made, "observed_us") == [US_PER_S, US_PER_S, US_PER_S // 2]


def test_jobs_that_change_within_a_second_keep_their_energy() -> None:
    rows = [f"{DAY}T09:00:00.{at}Z,0.1,phone,{at},{'ab'[at % 2]}," for at in range(10)]
    made = of(*rows, header=WITH_JOBS)
    assert len(column(made, "energy_uj")) == 1
    assert booked(made) == {("job", "a"): 20, ("job", "b"): 25}


def test_every_window_is_external_and_has_no_counter() -> None:
    made = of(f"{HOUR},2000,phone,5")
    assert set(column(made, "method")) == {"external"}
    assert set(column(made, "counter_start_uj")) == {None}


def test_energy_without_a_job_is_unknown() -> None:
    assert booked(of(f"{HOUR},1,phone,5")) == {("unknown", None): 5}


def test_what_is_not_additive_is_metered_and_not_booked() -> None:
    made = of(f"{HOUR},1,wall,5,false", header=f"{PLAIN},additive")
    assert (column(made, "energy_uj"), booked(made)) == ([5], {})


def test_a_batch_holds_at_most_what_a_server_takes() -> None:
    made = of(*seconds(range(12_000)))
    assert [len(batch.meters.device) for batch in made] == [5_000, 5_000, 2_000]
    assert [batch.seq - made[0].seq for batch in made] == [0, 1, 2]


def test_a_batch_names_the_devices_and_jobs_of_its_own_windows_alone() -> None:
    rows = [f"{row},{row.split(',')[2]}-job," for name in "xy" for row in seconds([1] * 4, name)]
    rows += [f"{row},late," for row in seconds([1] * 5_000, "y", start=10)]
    made = of(*rows, header=WITH_JOBS, host="lab")
    assert [[device.uid for device in batch.devices] for batch in made] == [["x", "y"], ["y"]]
    jobs = [[job.uid for job in batch.jobs] for batch in made]
    assert jobs == [["x-job", "y-job", "late"], ["late"]]


def test_each_host_has_batches_of_its_own_and_none_is_this_machine() -> None:
    made = of(f"{HOUR},1,a,5", f"{HOUR},1,b,5")
    hosts = [(batch.host.id, batch.host.name) for batch in made]
    assert hosts == [("external:a", "a"), ("external:b", "b")]
    assert len({batch.host.boot_id for batch in made}) == 2


def test_nobody_pretends_to_be_an_agent() -> None:
    assert of(f"{HOUR},1,a,5")[0].agent.role == "tracker"


def test_the_same_rows_make_the_same_bytes_whatever_their_order_and_unit() -> None:
    rows = [f"{HOUR},1,phone,5000000,j,2", f"{DAY}T10:00:00Z,1,phone,6000000,j,3"]
    in_joules = [rows[1].replace("000000", ""), rows[0].replace("000000", "")]
    other = of(*in_joules, header=WITH_JOBS.replace("energy_uj", "energy_j"))
    assert list(map(encode, of(*rows, header=WITH_JOBS))) == list(map(encode, other))


CHANGES = {
    "energy": f"{HOUR},1,phone,6,j,2",
    "start": f"{DAY}T09:00:01Z,1,phone,5,j,2",
    "length": f"{HOUR},2,phone,5,j,2",
    "job": f"{HOUR},1,phone,5,k,2",
    "work": f"{HOUR},1,phone,5,j,3",
    "no job": f"{HOUR},1,phone,5,,",
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES.keys())
def test_another_content_has_another_name(changed: str) -> None:
    (before,) = names(of(f"{HOUR},1,phone,5,j,2", header=WITH_JOBS))
    (after,) = names(of(changed, header=WITH_JOBS))
    assert before[0] == after[0]
    assert before[1:] != after[1:]
    assert before[2] != after[2]


def test_who_knows_the_zone_comes_before_who_does_not() -> None:
    for device in "abcdef":
        row = f"{HOUR},1,{device},5"
        assert names(of(row, zone="FR")) < names(of(row))


def test_numbers_lie_above_those_of_a_spool_and_are_exact_in_json() -> None:
    for device in "abcdef":
        assert 2**52 <= of(f"{HOUR},1,{device},5")[0].seq < 2**53 - 256


def job_of(*rows: str) -> Any:  # noqa: ANN401 - a job's record
    (batch,) = of(*rows, header=WITH_JOBS)
    (job,) = batch.jobs
    return job


def test_a_longer_file_says_the_work_of_a_job_anew_and_another_one_adds_to_it() -> None:
    first = job_of(f"{HOUR},1,phone,5,j,2")
    longer = job_of(f"{HOUR},1,phone,5,j,2", f"{DAY}T10:00:00Z,1,phone,5,j,2")
    other = job_of(f"{DAY}T10:00:00Z,1,phone,5,j,2")
    assert first.reporter == longer.reporter != other.reporter
    assert first.rev < longer.rev
    assert longer.work == {"samples": 4.0}


def test_the_work_of_one_job_on_two_hosts_is_that_of_each() -> None:
    made = of(f"{HOUR},1,a,5,j,2", f"{HOUR},1,b,5,j,3", header=WITH_JOBS)
    jobs = [job for batch in made for job in batch.jobs]
    assert [job.work for job in jobs] == [{"samples": 2.0}, {"samples": 3.0}]
    assert len({job.reporter for job in jobs}) == 2


def test_a_window_never_crosses_a_quarter_hour() -> None:
    made = of(*(f"{DAY}T09:{14 + at:02}:59.7Z,0.6,phone,9" for at in range(0, 40, 15)))
    for start, end in zip(column(made, "start_us"), column(made, "end_us"), strict=True):
        assert quarter_of(start) == quarter_of(end - 1)
