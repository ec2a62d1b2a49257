from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from tests.shipping.batches import START_US, WINDOW_US, batch_of

from joulebook.shipping.halves import halves
from joulebook.wire import Batch, check


def _split(windows: int) -> tuple[Batch, Batch]:
    split = halves(batch_of("agent", "epoch", 0, windows))
    assert split is not None
    return split


def _by_job(batch: Batch) -> Counter[tuple[str, str]]:
    uids = {job.ref: job.uid for job in batch.jobs} | {-1: ""}
    parts = batch.parts
    booked: Counter[tuple[str, str]] = Counter()
    for job, bucket, energy in zip(parts.job, parts.bucket, parts.energy_uj, strict=True):
        booked[uids[job], bucket] += energy
    return booked


@given(st.integers(2, 30))
def test_no_joule_changes_its_job(windows: int) -> None:
    first, second = _split(windows)
    assert _by_job(first) + _by_job(second) == _by_job(batch_of("agent", "epoch", 0, windows))


@given(st.integers(2, 30))
def test_every_window_is_in_one_half(windows: int) -> None:
    first, second = _split(windows)
    whole = batch_of("agent", "epoch", 0, windows).meters
    assert first.meters.start_us + second.meters.start_us == whole.start_us
    assert first.meters.energy_uj + second.meters.energy_uj == whole.energy_uj


@given(st.integers(2, 30))
def test_both_halves_keep_the_contract(windows: int) -> None:
    for half in _split(windows):
        check(half, START_US + windows * WINDOW_US % 900_000_000)


def test_a_job_goes_with_its_windows() -> None:
    first, second = _split(4)
    assert [job.uid for job in first.jobs] == ["run:0", "run:1"]
    assert [job.uid for job in second.jobs] == ["run:2", "run:3"]


def test_a_device_without_a_window_goes_with_the_first_half() -> None:
    first, second = _split(4)
    assert [device.uid for device in first.devices] == ["GPU-1", "GPU-2"]
    assert [device.uid for device in second.devices] == ["GPU-1"]


def test_one_window_cannot_be_split() -> None:
    assert halves(batch_of("agent", "epoch", 0, 1)) is None


def test_a_batch_of_jobs_alone_cannot_be_split() -> None:
    assert halves(batch_of("agent", "epoch", 0, 0)) is None
