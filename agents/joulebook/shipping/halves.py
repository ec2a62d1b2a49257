"""One batch that is too large becomes two that hold the same windows."""

from collections.abc import Collection
from dataclasses import fields, replace

from joulebook.wire import Batch, Meters, Parts


def halves(batch: Batch) -> tuple[Batch, Batch] | None:
    """Split a batch at the middle of its windows; every part stays with its meter.

    Devices and jobs go along with the windows that point at them; those that none points at
    (a sensor that cannot be read, a job that only ended) go with the first half. Both halves
    keep the number of the whole: the caller gives new ones.

    Returns:
        The halves, or None where there is at most one window and so nothing to split.
    """
    count = len(batch.meters.device)
    if count < 2:  # noqa: PLR2004 - halves need two
        return None
    first = _windows(batch, range(count // 2))
    second = _windows(batch, range(count // 2, count))
    return _with_the_rest(first, second, batch), second


def _windows(batch: Batch, kept: range) -> Batch:
    meters = Meters(
        **{
            column.name: [getattr(batch.meters, column.name)[index] for index in kept]
            for column in fields(Meters)
        }
    )
    rows = [row for row, meter in enumerate(batch.parts.meter) if meter in kept]
    parts = Parts(
        **{
            column.name: [getattr(batch.parts, column.name)[row] for row in rows]
            for column in fields(Parts)
        }
    )
    parts = replace(parts, meter=[meter - kept.start for meter in parts.meter])
    return _only(replace(batch, meters=meters, parts=parts), meters.device, parts.job)


def _only(batch: Batch, devices: Collection[int], jobs: Collection[int]) -> Batch:
    return replace(
        batch,
        devices=[device for device in batch.devices if device.ref in devices],
        jobs=[job for job in batch.jobs if job.ref in jobs],
    )


def _with_the_rest(first: Batch, second: Batch, whole: Batch) -> Batch:
    """The first half with what only it, or neither, points at."""
    kept = {id(record) for record in (*first.devices, *first.jobs)}
    later = {id(record) for record in (*second.devices, *second.jobs)} - kept
    return replace(
        first,
        devices=[device for device in whole.devices if id(device) not in later],
        jobs=[job for job in whole.jobs if id(job) not in later],
    )
