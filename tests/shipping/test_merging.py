from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW_US, START_US, WINDOW_US, JobSpec, Part, Push, Reading, gpu
from tests.shipping.measured import totals, turn_of, windows

from joulebook.core.fold import BookedPart, MeterWindow, fold
from joulebook.core.joining import MINUTE_US
from joulebook.core.units import QUARTER_US
from joulebook.shipping.merging import can_merge, merged
from joulebook.wire import Agent, Batch, check, decode, encode

MOST_WINDOWS = 5_000  # of a batch, for a server


def batches(count: int, role: str = "agent") -> list[Batch]:
    return [turn_of(turn, role)("agent", "epoch", turn) for turn in range(count)]


def folded(several: list[Batch]) -> dict[tuple[str, str], int]:
    """What the ledger of the GPU says of them: energy by bucket and job, µJ."""
    found = []
    for batch in several:
        jobs = {job.ref: job.uid for job in batch.jobs} | {-1: ""}
        for at, ref in enumerate(batch.meters.device):
            if ref != 0:
                continue
            parts = [
                BookedPart(bucket, jobs[job], None, energy_uj)
                for meter, job, bucket, energy_uj in zip(
                    batch.parts.meter,
                    batch.parts.job,
                    batch.parts.bucket,
                    batch.parts.energy_uj,
                    strict=True,
                )
                if meter == at
            ]
            meters = batch.meters
            found.append(
                MeterWindow(
                    key=(batch.agent.id, f"{batch.seq:06}", f"{at:06}"),
                    role=batch.agent.role,
                    start_us=meters.start_us[at],
                    end_us=meters.end_us[at],
                    energy_uj=meters.energy_uj[at],
                    observed_us=meters.observed_us[at],
                    method=meters.method[at],
                    err_sys_uj=meters.err_sys_uj[at],
                    err_rand_uj=meters.err_rand_uj[at],
                    parts=parts,
                    counter_start_uj=meters.counter_start_uj[at],
                    counter_end_uj=meters.counter_end_uj[at],
                    boot_id=batch.host.boot_id,
                )
            )
    booked: dict[tuple[str, str], int] = {}
    for booking in fold(found).bookings:
        key = (booking.bucket, booking.job_uid)
        booked[key] = booked.get(key, 0) + booking.energy_uj
    return booked


@st.composite
def any_batches(draw: st.DrawFn) -> list[Batch]:
    """Batches of one sender: windows of two GPUs that mostly adjoin, any jobs and buckets."""
    role = draw(st.sampled_from(["agent", "tracker"]))
    ends_us, counters = [START_US, START_US + 5], [draw(st.integers(0, 99)), 7]
    told = []
    for seq in range(draw(st.integers(1, 12))):
        readings = []
        for device in draw(st.lists(st.integers(0, 1), max_size=8)):
            start_us = ends_us[device] + draw(st.sampled_from([0, 0, 0, 3]))
            edge_us = start_us - start_us % QUARTER_US + QUARTER_US
            end_us = min(start_us + draw(st.integers(1, 200_000_000)), edge_us)
            keys = draw(st.lists(_KEYS, min_size=1, max_size=3, unique=True))
            parts = [Part(draw(st.integers(0, 10**9)), *key) for key in keys]
            reading = Reading(
                start_us,
                end_us - start_us,
                parts,
                counters[device] if device == 0 else None,
                device,
                "counter" if device == 0 else draw(st.sampled_from(["integrated", "estimated"])),
                err_rand_uj=draw(st.integers(0, 10**9)),
            )
            ends_us[device], counters[device] = end_us, counters[device] + reading.total_uj
            readings.append(reading)
        jobs = [JobSpec(f"run:{ref}", ref, draw(st.integers(0, 5))) for ref in (0, 1)]
        push = Push(readings, jobs, seq, Agent("a", "e", role, "1"), devices=[gpu(0), _SECOND])
        told.append(push.batch())
    return told


_SECOND = gpu(1, "GPU-2")
_KEYS = st.sampled_from([("job", 0), ("job", 1), ("held", 1), ("idle", -1), ("unknown", -1)])


@given(any_batches(), st.sampled_from([MINUTE_US, QUARTER_US]))
def test_no_joule_changes_its_device_job_bucket_or_quarter_hour(
    several: list[Batch], cell_us: int
) -> None:
    whole = merged(several, cell_us)
    assert totals([whole]) == totals(several)
    assert merged(several, cell_us).meters.observed_us == whole.meters.observed_us
    assert sum(whole.meters.observed_us) == sum(sum(one.meters.observed_us) for one in several)


@given(any_batches(), st.sampled_from([MINUTE_US, QUARTER_US]))
def test_what_was_merged_keeps_the_contract(several: list[Batch], cell_us: int) -> None:
    whole = merged(several, cell_us)
    check(whole, NOW_US)
    assert decode(encode(whole)) == whole
    assert windows([whole]) <= min(windows(several), MOST_WINDOWS)


@given(any_batches())
def test_merging_in_two_steps_keeps_every_joule_too(several: list[Batch]) -> None:
    whole = merged([merged([one], MINUTE_US) for one in several], QUARTER_US)
    assert totals([whole]) == totals(several)
    check(whole, NOW_US)


def test_an_agents_windows_become_minutes_and_then_a_quarter_hour() -> None:
    minutes = merged(batches(90), MINUTE_US)
    quarter = merged([minutes], QUARTER_US)
    assert (windows([minutes]), windows([quarter])) == (2 * 15, 2)
    assert quarter.meters.start_us == [START_US, START_US]
    assert quarter.meters.end_us == [START_US + QUARTER_US] * 2


def test_the_first_number_is_kept() -> None:
    assert merged(batches(5)[2:], MINUTE_US).seq == 2


def test_a_trackers_windows_stay_and_share_one_record() -> None:
    several = batches(12, "tracker")
    whole = merged(several, QUARTER_US)
    assert windows([whole]) == windows(several)
    assert (len(whole.devices), len(whole.jobs)) == (2, 1)
    assert len(encode(whole)) < sum(len(encode(one)) for one in several) / 2


def test_a_tracker_beside_an_agent_that_came_later_loses_nothing_by_it() -> None:
    tracked = [replace(one, seq=one.seq + 100) for one in batches(12, "tracker")]
    agents = batches(12)[6:]
    merged_tracked = [merged(tracked, QUARTER_US)]
    assert folded(merged_tracked + agents) == folded(tracked + agents)
    assert folded([*merged_tracked, merged(agents, QUARTER_US)]) == folded(tracked + agents)


def test_the_newest_revision_of_a_job_says_its_work() -> None:
    several = batches(4)
    whole = merged([several[3], *several[:3]], MINUTE_US)
    (job,) = whole.jobs
    assert (job.rev, job.work) == (3, {"steps": 3.0})


def test_reporters_of_one_job_stay_apart() -> None:
    first, second = batches(2)
    ranks = [
        replace(one, jobs=[replace(one.jobs[0], reporter=name)])
        for one, name in ((first, "rank-0"), (second, "rank-1"))
    ]
    whole = merged(ranks, MINUTE_US)
    assert [(job.ref, job.reporter) for job in whole.jobs] == [(0, "rank-0"), (1, "rank-1")]
    check(whole, NOW_US)


def test_a_devices_latest_problem_is_told() -> None:
    first, second = batches(2)
    lost = replace(second.devices[1], ref=9, problem="it left")
    later = replace(
        Push((Reading(START_US + WINDOW_US, parts=(Part(5),)),), devices=[gpu(0), lost]).batch(),
        agent=first.agent,
    )
    whole = merged([first, later], MINUTE_US)
    assert [(one.ref, one.problem) for one in whole.devices] == [(0, None), (1, "it left")]


def test_another_boot_version_or_meaning_of_a_device_is_not_mixed_in() -> None:
    first, second = batches(2)
    assert can_merge(first, second)
    assert not can_merge(first, replace(second, host=replace(second.host, boot_id="later")))
    assert not can_merge(first, replace(second, agent=replace(second.agent, version="0.2")))
    beside = [replace(one, additive=False) for one in second.devices]
    assert not can_merge(first, replace(second, devices=beside))
