"""From rows to batches whose identity is their content: the same file makes the same bytes.

So a server that has them answers "duplicate", and a spool that holds them keeps them once.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

from joulebook.core.attribute import NO_JOB
from joulebook.importing.records import HOST_PREFIX, DeviceNote, JobNote, Row
from joulebook.importing.windows import windows_of
from joulebook.metering.assemble import Booked, Entry, assemble
from joulebook.wire import Agent, Batch, Host, Job, VariantRecord, encode, format_time

#: Version of the way from rows to batches. It stands in every batch in place of joulebook's own:
#: a file that is imported again by a newer joulebook is the same file.
FORM = "import-1"
#: The most windows in a batch: what a server takes.
MOST_WINDOWS = 5_000

# Numbers of a spool count up from 0; those of imports lie where it never comes to, in blocks.
_FIRST_SEQ = 2**52
_BLOCK = 256
_BLOCKS_BITS = 44


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sends the batches of one host, and under which numbers.

    Attributes:
        agent: The sender; its epoch names the content.
        first_seq: Number of the first batch.
        host: The host's record.
    """

    agent: Agent
    first_seq: int
    host: Host


@dataclass(frozen=True, slots=True)
class _Notes:
    """Devices and jobs of one host by uid, in the order of its rows."""

    devices: dict[str, DeviceNote]
    jobs: dict[str, JobNote]


def batches_of(rows: Sequence[Row], zone: str | None) -> Iterator[Batch]:
    """Batches of a whole file, host by host.

    Args:
        rows: Rows by host, device and time.
        zone: Grid zone where it was measured; None if nobody says.
    """
    for name, of_host in groupby(rows, key=lambda row: row.device.host):
        yield from _of_host(list(of_host), _host(name, zone))


def job_record(note: JobNote, ref: int = 0) -> Job:
    """The wire's record of a job; the later it ends, the newer it is."""
    variant = note.facts.get("variant")
    return Job(
        ref=ref,
        rev=note.end_us,
        uid=note.uid,
        parent=None,
        phase=None,
        kind=note.facts.get("kind") or "other",
        variant=None if variant is None else VariantRecord(variant),
        started_at=format_time(note.start_us),
        ended_at=format_time(note.end_us),
        work={unit: float(amount) for unit, amount in sorted(note.work.items())},
        quality={metric: score for metric, (_, score) in sorted(note.quality.items())},
        reporter=note.reporter,
        **{name: note.facts.get(name) for name in ("name", "project", "user", "model")},
    )


def _host(name: str, zone: str | None) -> Host:
    """The record of a host; its boot is its own, so no two of them share a device's windows."""
    host_id = f"{HOST_PREFIX}{name}"
    return Host(id=host_id, name=name, boot_id=host_id, zone=zone)


def _of_host(rows: Sequence[Row], host: Host) -> Iterator[Batch]:
    notes = _Notes(
        {row.device.uid: row.device for row in rows},
        {row.job.uid: row.job for row in rows if row.job is not None},
    )
    identity = _identity(rows, host, notes)
    for number, booked in enumerate(_chunks(windows_of(rows))):
        yield _batch(booked, number, identity, notes)


def _chunks(booked: Iterable[Booked]) -> Iterator[list[Booked]]:
    waiting = iter(booked)
    while chunk := list(islice(waiting, MOST_WINDOWS)):
        yield chunk


def _batch(booked: Sequence[Booked], number: int, identity: Identity, notes: _Notes) -> Batch:
    named = dict.fromkeys(
        share.job_uid for one in booked for share in one.shares if share.job_uid is not None
    )
    there = dict.fromkeys(one.window.uid for one in booked)
    return assemble(
        Entry(booked, [job_record(notes.jobs[uid], ref) for ref, uid in enumerate(named)]),
        agent=identity.agent,
        seq=identity.first_seq + number,
        host=identity.host,
        sensors=[notes.devices[uid].sensor() for uid in there],
    )


def _identity(rows: Sequence[Row], host: Host, notes: _Notes) -> Identity:
    agent_id = _sender_of(host)
    digest = _digest(rows, Identity(Agent(agent_id, "", "tracker", FORM), 0, host), notes)
    block = int.from_bytes(digest[16:24]) >> (64 - _BLOCKS_BITS)
    return Identity(
        agent=Agent(agent_id, _named(digest), "tracker", FORM),
        first_seq=_FIRST_SEQ + block * _BLOCK,
        host=host,
    )


def _sender_of(host: Host) -> str:
    """Who sends for a host: with a zone another one than without, and the first by name.

    Of two that tell the same window the first by name counts: a file that was imported without
    its zone can be imported again with it.
    """
    digest = hashlib.sha256(f"{FORM} {host.id}".encode()).digest()
    first = digest[0] | 0x80 if host.zone is None else digest[0] & 0x7F
    return _named(bytes([first]) + digest[1:])


def _digest(rows: Sequence[Row], sender: Identity, notes: _Notes) -> bytes:
    """Of all that the batches are made from, so that two contents never share a number.

    Host, devices and jobs go in as the wire writes them: should its shape change, so does this.
    """
    jobs = [job_record(note, ref) for ref, note in enumerate(notes.jobs.values())]
    sensors = [note.sensor() for note in notes.devices.values()]
    head = assemble(Entry([], jobs), agent=sender.agent, seq=0, host=sender.host, sensors=sensors)
    content = hashlib.sha256(encode(head))
    places = {uid: ref for ref, uid in enumerate(notes.devices)}
    refs = {uid: ref for ref, uid in enumerate(notes.jobs)}
    for row in rows:
        job = NO_JOB if row.job is None else refs[row.job.uid]
        place = places[row.device.uid]
        line = (place, job, row.start_us, row.end_us, row.energy_uj, row.error_uj)
        content.update(b"\n%d %d %d %d %d %d" % line)
    return content.digest()


def _named(digest: bytes) -> str:
    """A UUID made from a digest: version 8, which leaves its bits to who makes it (RFC 9562)."""
    bits = int.from_bytes(digest[:16])
    bits = bits & ~(0xF << 76) | (0x8 << 76)
    bits = bits & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=bits))
