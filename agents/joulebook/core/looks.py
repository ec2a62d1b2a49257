"""A GPU's window, look by look: a job can hold it and rest, and that is told apart in time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from joulebook.core.attribute import (
    GpuActivity,
    Part,
    Partition,
    attribute_gpu,
    largest_remainder,
    merged,
)


@dataclass(frozen=True, slots=True)
class Look:
    """The time between two looks at a GPU, and what the later one saw of it.

    Attributes:
        energy_uj: Energy that its sensor told over that time, µJ.
        duration_us: How long it was, µs.
        activity: Who was there; `busy` is found out here.
        utilization: Largest busy share of the whole device, 0 to 1; None if not told.
        sampled: Whether the driver tells processes' SM utilisation, be it that there was none.
    """

    energy_uj: int
    duration_us: int
    activity: GpuActivity
    utilization: float | None = None
    sampled: bool = False


def attribute_looks(energy_uj: int, looks: Sequence[Look]) -> list[Part]:
    """Split a window's energy over its looks, and that of each over who was active then.

    Energy of a time in which nobody ran anything is `held` by the jobs that were there. Nothing
    ran where the device's utilisation stood at 0 and no process had a sample. Without a
    utilisation the looks before and after must be silent as well: a driver samples processes
    as seldom as once a second, so one look can miss an active one.

    A busy look without a sample of its own follows the samples of the whole window.

    Args:
        energy_uj: Energy of the window, µJ.
        looks: All of its time, in order. None: nobody watched.

    Raises:
        ValueError: The energy is negative.
    """
    if not looks:
        return attribute_gpu(energy_uj, GpuActivity({}, {}, seen=False))
    parts: list[Part] = []
    samples = _samples(looks)
    for index, share in enumerate(largest_remainder(energy_uj, _weights(looks))):
        busy = _busy(looks, index)
        parts += attribute_gpu(share, _completed(looks[index].activity, busy, samples))
    return merged(parts)


def _weights(looks: Sequence[Look]) -> list[int]:
    """By the energy of each; where the sensor told none between the looks, by their length."""
    for known in ([look.energy_uj for look in looks], [look.duration_us for look in looks]):
        weights = [max(0, one) for one in known]
        if sum(weights) > 0:
            return weights
    return [0] * (len(looks) - 1) + [1]


def _busy(looks: Sequence[Look], index: int) -> bool | None:
    look = looks[index]
    if _sampled(look) or (look.utilization or 0) > 0:
        return True
    if look.utilization is not None:
        return False
    near = looks[max(0, index - 1) : index + 2]
    silent = all(one.sampled and not _sampled(one) for one in near)
    return False if silent else None


def _sampled(look: Look) -> bool:
    return any(share > 0 for share in look.activity.sm_share.values())


def _samples(looks: Sequence[Look]) -> dict[int, int]:
    """SM utilisation per holder over the whole window."""
    sums: dict[int, int] = {}
    for look in looks:
        for holder, share in look.activity.sm_share.items():
            sums[holder] = sums.get(holder, 0) + max(0, share)
    return sums


def _completed(activity: GpuActivity, busy: bool | None, samples: dict[int, int]) -> GpuActivity:  # noqa: FBT001 - three answers
    partitions = {
        number: Partition(one.slices, one.activity)
        if one.activity.busy is not None
        else Partition(one.slices, replace(one.activity, busy=busy))
        for number, one in activity.partitions.items()
    }
    shares = activity.sm_share
    if not any(share > 0 for share in shares.values()):
        shares = {holder: samples.get(holder, 0) for holder in activity.holders}
    return replace(activity, busy=busy, partitions=partitions, sm_share=shares)
