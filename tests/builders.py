"""Valid batches for tests, put together from small pieces."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from joulebook.core.attribute import NO_JOB
from joulebook.core.units import QUARTER_US, US_PER_S
from joulebook.wire import Agent, Batch, Device, Host, Job, Meters, Parts, VariantRecord
from joulebook.wire.times import format_time

START_US = 1_795_428_000_000_000  # 2026-11-23T10:00:00Z, where a quarter hour starts
NOW_US = START_US + 10 * QUARTER_US
WINDOW_US = 10 * US_PER_S


@dataclass(frozen=True)
class Part:
    """Energy (µJ) in a bucket, for the job with this ref."""

    energy_uj: int
    bucket: str = "idle"
    job: int = NO_JOB


@dataclass(frozen=True)
class Reading:
    """A meter window with its parts; its energy is their sum, or `energy_uj` without any.

    `counter_uj` is the counter at its start; None for a method without one.
    """

    start_us: int = START_US
    length_us: int = WINDOW_US
    parts: Sequence[Part] = ()
    counter_uj: int | None = None
    device: int = 0
    method: str = "counter"
    observed_us: int | None = None
    err_sys_uj: int = 0
    err_rand_uj: int = 0
    energy_uj: int = 0

    @property
    def end_us(self) -> int:
        """Where it ends."""
        return self.start_us + self.length_us

    @property
    def total_uj(self) -> int:
        """Its energy."""
        return sum(part.energy_uj for part in self.parts) if self.parts else self.energy_uj


def agent(name: str = "agent-1", role: str = "agent", epoch: str = "epoch-1") -> Agent:
    """A sender."""
    return Agent(name, epoch, role, "0.1.0")


def tracker(name: str = "tracker-1") -> Agent:
    """A sender beside a job."""
    return agent(name, "tracker")


def host(name: str = "host-1", zone: str | None = None, boot_id: str | None = None) -> Host:
    """A machine, in a boot of its own if none is named."""
    return Host(name, name, boot_id or f"boot of {name}", zone)


def gpu(ref: int = 0, uid: str = "GPU-1") -> Device:
    """A device with a counter."""
    return Device(ref, uid, "gpu", "gpu", additive=True, name="A GPU", vendor="nvidia")


def cpu(ref: int = 1, uid: str = "cpu:host-1:package-0") -> Device:
    """A processor package."""
    return Device(ref, uid, "cpu", "package", additive=True, name="A CPU", vendor="intel")


def wall_meter(ref: int = 2, uid: str = "host:host-1") -> Device:
    """A meter that contains the others: beside them, never added."""
    return Device(ref, uid, "host", "host", additive=False, name="A wall", vendor="unknown")


@dataclass(frozen=True)
class JobSpec:
    """What a test says of a job; `job` makes the record."""

    uid: str = "run:1"
    ref: int = 0
    rev: int = 0
    parent: str | None = None
    name: str | None = None
    project: str | None = None
    kind: str = "training"
    user: str | None = None
    model: str | None = "model-1"
    variant: str | None = None
    start_us: int = START_US
    end_us: int | None = START_US + WINDOW_US
    work: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)

    def job(self) -> Job:
        """The record of the wire."""
        return Job(
            ref=self.ref,
            rev=self.rev,
            uid=self.uid,
            parent=self.parent,
            phase=None,
            name=self.name,
            project=self.project,
            kind=self.kind,
            user=self.user,
            model=self.model,
            variant=None if self.variant is None else VariantRecord(self.variant),
            started_at=format_time(self.start_us),
            ended_at=None if self.end_us is None else format_time(self.end_us),
            work=self.work,
            quality=self.quality,
        )


def meters(readings: Sequence[Reading]) -> Meters:
    """The columns of these readings."""
    return Meters(
        device=[one.device for one in readings],
        start_us=[one.start_us for one in readings],
        end_us=[one.end_us for one in readings],
        counter_start_uj=[one.counter_uj for one in readings],
        counter_end_uj=[
            None if one.counter_uj is None else one.counter_uj + one.total_uj for one in readings
        ],
        energy_uj=[one.total_uj for one in readings],
        observed_us=[
            one.length_us if one.observed_us is None else one.observed_us for one in readings
        ],
        method=[one.method for one in readings],
        err_sys_uj=[one.err_sys_uj for one in readings],
        err_rand_uj=[one.err_rand_uj for one in readings],
        power_max_mw=[None for _ in readings],
        utilization=[None for _ in readings],
    )


def parts(readings: Sequence[Reading]) -> Parts:
    """The columns of these readings' parts."""
    rows = [(index, part) for index, one in enumerate(readings) for part in one.parts]
    return Parts(
        meter=[index for index, _ in rows],
        job=[part.job for _, part in rows],
        bucket=[part.bucket for _, part in rows],
        energy_uj=[part.energy_uj for _, part in rows],
    )


@dataclass(frozen=True)
class Push:
    """What a test says of a batch; `batch` makes it."""

    readings: Sequence[Reading] = (Reading(parts=(Part(1_000_000),)),)
    jobs: Sequence[JobSpec] = ()
    seq: int = 1
    agent: Agent = field(default_factory=agent)
    host: Host = field(default_factory=host)
    devices: Sequence[Device] = field(default_factory=lambda: [gpu(), cpu(), wall_meter()])

    def batch(self) -> Batch:
        """The batch of the wire."""
        return Batch(
            schema=1,
            agent=self.agent,
            seq=self.seq,
            host=self.host,
            devices=list(self.devices),
            jobs=[spec.job() for spec in self.jobs],
            meters=meters(self.readings),
            parts=parts(self.readings),
        )
