"""Windows and jobs, put into the columns of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from joulebook.core.attribute import NO_JOB, Bucket
from joulebook.core.window import Window
from joulebook.discovery.host import HostIdentity
from joulebook.probes.protocol import Sensor
from joulebook.wire import SCHEMA, Agent, Batch, Device, Host, Job, Meters, Parts
from joulebook.wire.records import COUNTER_MODULUS


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a window's energy, µJ, booked to a bucket and, where it has one, a job's uid."""

    bucket: Bucket
    job_uid: str | None
    energy_uj: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A window with its shares, which sum to its energy."""

    window: Window
    shares: Sequence[Share]


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes into one batch, before it has a number.

    Attributes:
        booked: Windows with their shares.
        jobs: Records of every job named in a share, and of those that changed.
        problems: Why a device cannot be read now, by uid.
        marks: Where the next windows begin, kept in one step with these; see `recovery`.
        sensors: The sensors at that time: an entry that waits may outlive them. None: those now.
    """

    booked: Sequence[Booked]
    jobs: Sequence[Job]
    problems: Mapping[str, str] = field(default_factory=dict)
    sensors: Sequence[Sensor] | None = None
    marks: bytes | None = None


def assemble(
    entry: Entry, *, agent: Agent, seq: int, host: Host, sensors: Sequence[Sensor]
) -> Batch:
    """One batch of the wire contract from what was measured.

    Raises:
        KeyError: A share names a job that `entry.jobs` does not hold.
    """
    devices = _devices(sensors, entry.problems)
    refs = {device.uid: device.ref for device in devices}
    jobs = {job.uid: job.ref for job in entry.jobs}
    return Batch(
        schema=SCHEMA,
        agent=agent,
        seq=seq,
        host=host,
        devices=devices,
        jobs=list(entry.jobs),
        meters=_meters([booked.window for booked in entry.booked], refs),
        parts=_parts(entry.booked, jobs),
    )


def host_record(host: HostIdentity, zone: str | None) -> Host:
    """The wire's record of a host, with the zone its settings name, if any."""
    return Host(id=host.id, name=host.name, boot_id=host.boot_id, zone=zone)


def _devices(sensors: Sequence[Sensor], problems: Mapping[str, str]) -> list[Device]:
    # A part of another device has no meter: it comes with the discovery of who holds it.
    known = [one for one in sensors if one.uid is not None and one.parent is None]
    return [
        Device(
            ref=ref,
            uid=sensor.uid or "",
            kind=sensor.kind,
            scope=sensor.scope,
            additive=sensor.additive,
            name=sensor.name,
            vendor=sensor.vendor,
            problem=problems.get(sensor.uid or "", sensor.problem),
        )
        for ref, sensor in enumerate(known)
    ]


def _meters(windows: Sequence[Window], refs: Mapping[str, int]) -> Meters:
    names = [column.name for column in fields(Meters) if column.name != "device"]
    columns = {name: [getattr(window, name) for window in windows] for name in names}
    for name in ("counter_start_uj", "counter_end_uj"):
        columns[name] = [
            None if counter is None else counter % COUNTER_MODULUS for counter in columns[name]
        ]
    return Meters(device=[refs[window.uid] for window in windows], **columns)


def _parts(booked: Sequence[Booked], jobs: Mapping[str, int]) -> Parts:
    rows = [
        (meter, NO_JOB if share.job_uid is None else jobs[share.job_uid], share)
        for meter, window in enumerate(booked)
        for share in window.shares
    ]
    return Parts(
        meter=[meter for meter, _, _ in rows],
        job=[job for _, job, _ in rows],
        bucket=[share.bucket.value for _, _, share in rows],
        energy_uj=[share.energy_uj for _, _, share in rows],
    )
