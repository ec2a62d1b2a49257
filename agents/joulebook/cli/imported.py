"""What an import says of itself: how much, of which devices and jobs, and where it is."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from joulebook.cli.table import render
from joulebook.core.units import MISSING, THIN_SPACE, format_energy
from joulebook.importing.batches import job_record
from joulebook.importing.reading import DEFAULT_ERROR_PERCENT
from joulebook.wire import format_time

if TYPE_CHECKING:
    from joulebook.cli.importing import Kept
    from joulebook.importing.records import DeviceNote, JobNote, Readings

#: So many devices and jobs are listed for people; programs get all.
_MOST_LISTED = 20

#: Said wherever readings were kept: a table of what was imported is not yet what counts.
_RULE = "of two figures for one device and time, the ledger counts the one it had first"


def figures(readings: "Readings") -> dict[str, Any]:
    """Sums of a file, as JSON; energies are texts, since they can be large."""
    rows = readings.rows
    booked = [row for row in rows if row.device.additive]
    return {
        "rows": len(rows),
        "from": format_time(min(row.start_us for row in rows)),
        "to": format_time(max(row.end_us for row in rows)),
        "energy_uj": str(sum(row.energy_uj for row in booked)),
        "no_job_uj": str(sum(row.energy_uj for row in booked if row.job is None)),
        "beside_uj": str(sum(row.energy_uj for row in rows if not row.device.additive)),
        "rows_without_error": readings.assumed,
        "devices": _devices(readings),
        "jobs": _jobs(readings),
    }


def whereabouts(kept: "Kept | None") -> dict[str, Any]:
    """Where the batches are, as JSON; nowhere after a dry run."""
    if kept is None:
        return {"dry_run": True}
    return {
        "dry_run": False,
        "ledger": str(kept.ledger),
        "new_batches": kept.new,
        "server": kept.server,
        "sent": kept.sent,
        "duplicate": kept.had if kept.sent else not kept.new,
        "problem": kept.problem,
    }


def text(told: Mapping[str, Any], kept: "Kept | None") -> str:
    """The same for people."""
    head = (
        f"{told['rows']} row{'' if told['rows'] == 1 else 's'}, "
        f"{format_energy(int(told['energy_uj']))}, {told['from']} to {told['to']}"
    )
    blocks = [head, _device_table(told["devices"])]
    if told["jobs"]:
        blocks.append(_job_table(told["jobs"]))
    return "\n\n".join([*blocks, "\n".join([*_notes(told), _where(kept)])])


def _devices(readings: "Readings") -> list[dict[str, Any]]:
    sums: dict[int, list[int]] = {}
    notes: dict[int, DeviceNote] = {}
    for row in readings.rows:
        notes[id(row.device)] = row.device
        _add(sums.setdefault(id(row.device), [0, 0, 0]), (1, row.energy_uj, row.error_uj))
    return [_device(notes[key], *total) for key, total in sums.items()]


def _device(note: "DeviceNote", rows: int, energy_uj: int, error_uj: int) -> dict[str, Any]:
    sensor = note.sensor()
    return {
        "host": note.host,
        "device": note.uid,
        "name": sensor.name,
        "kind": sensor.kind,
        "scope": sensor.scope,
        "additive": sensor.additive,
        "rows": rows,
        "energy_uj": str(energy_uj),
        "error_uj": str(error_uj),
    }


def _jobs(readings: "Readings") -> list[dict[str, Any]]:
    sums: dict[int, list[int]] = {}
    notes: dict[int, JobNote] = {}
    for row in readings.rows:
        if row.job is not None:
            notes[id(row.job)] = row.job
            _add(sums.setdefault(id(row.job), [0]), (row.energy_uj,))
    return [_job(notes[key], *total) for key, total in sums.items()]


def _job(note: "JobNote", energy_uj: int) -> dict[str, Any]:
    record = job_record(note)
    names = ("name", "model", "project", "kind", "user", "started_at", "ended_at")
    return {
        "job": record.uid,
        "host": note.host,
        **{name: getattr(record, name) for name in names},
        "variant": record.variant.label if record.variant else None,
        "energy_uj": str(energy_uj),
        "work": record.work,
        "quality": record.quality,
    }


def _add(total: list[int], more: Sequence[int]) -> None:
    total[:] = [one + other for one, other in zip(total, more, strict=True)]


def _device_table(devices: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            one["host"],
            one["device"] + ("" if one["additive"] else " (beside)"),
            one["kind"],
            str(one["rows"]),
            format_energy(int(one["energy_uj"])),
            _percent(int(one["error_uj"]), int(one["energy_uj"])),
        ]
        for one in devices[:_MOST_LISTED]
    ]
    table = render(["host", "device", "kind", "rows", "energy", "±"], rows)
    return _cut(table, len(devices) - _MOST_LISTED, "devices")


def _job_table(jobs: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        [
            one["job"],
            "/".join(filter(None, (one["model"], one["variant"]))) or one["name"] or MISSING,
            one["kind"],
            format_energy(int(one["energy_uj"])),
            ", ".join(f"{amount:g} {unit}" for unit, amount in one["work"].items()) or MISSING,
        ]
        for one in jobs[:_MOST_LISTED]
    ]
    table = render(["job", "model", "kind", "energy", "work"], rows)
    return _cut(table, len(jobs) - _MOST_LISTED, "jobs")


def _cut(table: str, more: int, what: str) -> str:
    return f"{table}\n... and {more} more {what}" if more > 0 else table


def _percent(error_uj: int, energy_uj: int) -> str:
    return f"{100 * error_uj / energy_uj:.3g}{THIN_SPACE}%" if energy_uj else MISSING


def _notes(told: Mapping[str, Any]) -> list[str]:
    notes = []
    if told["rows_without_error"]:
        rows = told["rows_without_error"]
        notes.append(f"±{DEFAULT_ERROR_PERCENT} % is assumed where no error is stated: rows {rows}")
    if int(told["no_job_uj"]):
        notes.append(f"{format_energy(int(told['no_job_uj']))} has no job: booked as unknown")
    if any(not one["additive"] for one in told["devices"]):
        notes.append("what is not additive is shown beside and is in no sum")
    if told["zone"] is None:
        notes.append("no grid zone is known, so there is no CO2e: import it again with --zone")
    elif told["zone_problem"]:
        notes.append(f"there is no CO2e: {told['zone_problem']}")
    return notes


def _where(kept: "Kept | None") -> str:
    if kept is None:
        return "nothing was kept: this was a dry run"
    if kept.refused:
        return f"refused by {kept.server}: {kept.problem}; joulebook doctor shows it"
    if kept.server is None:
        return (
            f"kept in {kept.ledger} ({_RULE})"
            if kept.new
            else f"nothing new: {kept.ledger} holds it all"
        )
    if kept.sent:
        return (
            f"nothing new: {kept.server} had it all"
            if kept.had
            else f"sent to {kept.server} ({_RULE})"
        )
    return (
        f"kept in {kept.ledger}, not sent yet: {kept.problem}; "
        "the next import or tracked job sends it"
    )
