"""Several batches of one sender become one that says the same in less detail."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace

from joulebook.core.attribute import NO_JOB
from joulebook.core.joining import Joined, join
from joulebook.core.window import Window
from joulebook.wire import Batch, Device, Job, Meters, Parts

_JobKey = tuple[str, str | None]
_Shares = dict[tuple[int, str], int]
_COLUMNS = [column.name for column in fields(Meters) if column.name != "device"]


def can_merge(earlier: Batch, later: Batch) -> bool:
    """Whether two batches may become one: same sender, same host and boot, same meters."""
    if (earlier.agent, earlier.host, earlier.schema) != (later.agent, later.host, later.schema):
        return False
    additive = {device.uid: device.additive for device in earlier.devices}
    return all(additive.get(one.uid, one.additive) == one.additive for one in later.devices)


def merged(batches: Sequence[Batch], cell_us: int) -> Batch:
    """One batch under the number of the first.

    Energy is the same to the microjoule for each device, job and bucket, in every quarter hour.
    An agent's windows that adjoin and start in one cell of `cell_us` become one. Those of a
    tracker stay as they are and only share one record of devices and jobs: another reporter may
    have watched the same device for a part of the time, and the ledger takes a window that
    overlaps such a one for a claim, whole.

    Args:
        batches: At least one, in the order of their numbers; each may merge with the next.
        cell_us: Length of a cell, µs.
    """
    gathered = _Gathered()
    for batch in batches:
        gathered.add(batch)
    first = batches[0]
    if first.agent.role == "agent":
        windows = join(gathered.windows, cell_us)
    else:
        windows = [Joined(window, [at]) for at, window in enumerate(gathered.windows)]
    return replace(
        first,
        devices=list(gathered.devices.values()),
        jobs=list(gathered.jobs.values()),
        meters=_meters(gathered, [one.window for one in windows]),
        parts=_parts([_total(gathered.shares[at] for at in one.members) for one in windows]),
    )


@dataclass
class _Gathered:
    """What several batches hold, under references of its own."""

    devices: dict[str, Device] = field(default_factory=dict)
    jobs: dict[_JobKey, Job] = field(default_factory=dict)
    windows: list[Window] = field(default_factory=list)
    shares: list[_Shares] = field(default_factory=list)

    def add(self, batch: Batch) -> None:
        """Take in a batch: of a device the latest record counts, of a job the newest revision."""
        for device in batch.devices:
            ref = self.devices.get(device.uid, replace(device, ref=len(self.devices))).ref
            self.devices[device.uid] = replace(device, ref=ref)
        refs = {job.ref: self._job(job) for job in batch.jobs} | {NO_JOB: NO_JOB}
        shares: list[_Shares] = [{} for _ in batch.meters.device]
        parts = batch.parts
        for meter, job_ref, bucket, energy_uj in zip(
            parts.meter, parts.job, parts.bucket, parts.energy_uj, strict=True
        ):
            key = (refs[job_ref], bucket)
            shares[meter][key] = shares[meter].get(key, 0) + energy_uj
        self.windows += _windows(batch)
        self.shares += shares

    def _job(self, job: Job) -> int:
        key = (job.uid, job.reporter)
        known = self.jobs.get(key)
        ref = len(self.jobs) if known is None else known.ref
        if known is None or job.rev >= known.rev:
            self.jobs[key] = replace(job, ref=ref)
        return ref


def _windows(batch: Batch) -> list[Window]:
    uids = {device.ref: device.uid for device in batch.devices}
    meters = batch.meters
    rows = zip(*(getattr(meters, name) for name in _COLUMNS), strict=True)
    return [
        Window(uid=uids[ref], **dict(zip(_COLUMNS, row, strict=True)))
        for ref, row in zip(meters.device, rows, strict=True)
    ]


def _meters(gathered: _Gathered, windows: Sequence[Window]) -> Meters:
    return Meters(
        device=[gathered.devices[window.uid].ref for window in windows],
        **{name: [getattr(window, name) for window in windows] for name in _COLUMNS},
    )


def _total(several: Iterable[_Shares]) -> _Shares:
    total: _Shares = {}
    for shares in several:
        for key, energy_uj in shares.items():
            total[key] = total.get(key, 0) + energy_uj
    return total


def _parts(shares: Sequence[_Shares]) -> Parts:
    rows = [(meter, *key, uj) for meter, one in enumerate(shares) for key, uj in one.items()]
    return Parts(
        meter=[meter for meter, _, _, _ in rows],
        job=[job for _, job, _, _ in rows],
        bucket=[bucket for _, _, bucket, _ in rows],
        energy_uj=[energy_uj for _, _, _, energy_uj in rows],
    )
