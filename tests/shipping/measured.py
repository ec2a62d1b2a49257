"""What an agent measures in a row of windows, and what of it may never change."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from tests.builders import START_US, WINDOW_US, JobSpec, Part, Push, Reading, cpu, gpu

from joulebook.core.units import quarter_of
from joulebook.shipping.spool import Build, Spool
from joulebook.wire import Agent, Batch

DEVICES = (gpu(0), cpu(1))


def turn_of(turn: int, role: str = "agent", windows: int = 1) -> Build:
    """The build of the batch of one turn: `windows` windows of a counter and of an estimate."""
    return lambda agent, epoch, seq: replace(
        _push(turn, windows).batch(), agent=Agent(agent, epoch, role, "0.1.0"), seq=seq
    )


def _push(turn: int, windows: int) -> Push:
    readings = []
    for at in range(turn * windows, (turn + 1) * windows):
        start_us, used_uj = START_US + at * WINDOW_US, 5_000_000 + 7 * at
        share = Part(used_uj - 1_000, "job", 0)
        readings += [
            Reading(
                start_us,
                parts=(share, Part(1_000)),
                counter_uj=sum(5_000_000 + 7 * before for before in range(at)),
                err_sys_uj=at,
                err_rand_uj=at,
            ),
            Reading(start_us, parts=(Part(at + 1, "system"),), device=1, method="estimated"),
        ]
    jobs = (JobSpec(rev=turn, work={"steps": float(turn)}),)
    return Push(readings, jobs, devices=DEVICES)


def append(spool: Spool, turns: Iterable[int], role: str = "agent") -> list[int]:
    """Append the batches of these turns; their numbers."""
    return [spool.append(turn_of(turn, role)) for turn in turns]


Totals = Counter[tuple[str, str, str, int]]


def totals(batches: Iterable[Batch]) -> Totals:
    """Energy, µJ, by device, job, bucket and quarter hour."""
    sums: Totals = Counter()
    for batch in batches:
        devices = {device.ref: device.uid for device in batch.devices}
        jobs = {job.ref: job.uid for job in batch.jobs} | {-1: ""}
        meters, parts = batch.meters, batch.parts
        for meter, job, bucket, energy_uj in zip(
            parts.meter, parts.job, parts.bucket, parts.energy_uj, strict=True
        ):
            quarter_us = quarter_of(meters.start_us[meter])
            sums[devices[meters.device[meter]], jobs[job], bucket, quarter_us] += energy_uj
    return sums


def windows(batches: Iterable[Batch]) -> int:
    """How many windows they hold."""
    return sum(len(batch.meters.device) for batch in batches)


def expected(turns: Iterable[int]) -> Totals:
    """The totals of these turns as they were measured."""
    return totals(turn_of(turn)("a", "e", turn) for turn in turns)
