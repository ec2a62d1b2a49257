"""The local ledger: a report over the batches that the spool holds."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from joulebook.core.carbon import facility_uj
from joulebook.core.fold import BookedPart, Key, MeterWindow, fold
from joulebook.core.reach import covered, not_covered
from joulebook.core.units import UJ_PER_KWH, kwh, quarter_of
from joulebook.tracking.summary import Carbon
from joulebook.wire import Batch, Job, parse_time

_Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class LocalReport:
    """What is asked of the local ledger.

    Attributes:
        keys: What rows are grouped by: job, model, variant, kind, project, bucket.
        carbon: Factor and PUE of a batch by the zone that its host told; the reason where there
            is none.
        from_us: Start of the period, µs, or None; windows that start within it count.
        to_us: End of the period, µs, or None.
    """

    keys: Sequence[str]
    carbon: Callable[[str | None], Carbon]
    from_us: int | None = None
    to_us: int | None = None

    def holds(self, start_us: int) -> bool:
        """Whether a window that starts at `start_us` is in the period."""
        return (self.from_us or 0) <= start_us and (self.to_us is None or start_us < self.to_us)


@dataclass
class _Row:
    energy_uj: int = 0
    by_method: dict[str, int] = field(default_factory=dict)
    err_sys_uj: dict[tuple[str, str], int] = field(default_factory=dict)
    err_rand_sq: int = 0
    observed_us: int = 0
    devices: set[tuple[str, str]] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    by_zone: dict[str | None, int] = field(default_factory=dict)

    @property
    def uncertainty_uj(self) -> int:
        """Systematic errors linear per sensor type, then all in quadrature, µJ."""
        systematic = sum(error**2 for error in self.err_sys_uj.values())
        return math.isqrt(systematic + self.err_rand_sq)

    def add(self, kind: str, meter: MeterWindow, energy_uj: int, place: tuple[str, str]) -> None:
        whole_uj = max(meter.energy_uj, 1)
        sensor = (kind, meter.method)
        self.energy_uj += energy_uj
        self.by_method[meter.method] = self.by_method.get(meter.method, 0) + energy_uj
        error_uj = meter.err_sys_uj * energy_uj // whole_uj
        self.err_sys_uj[sensor] = self.err_sys_uj.get(sensor, 0) + error_uj
        self.err_rand_sq += (meter.err_rand_uj * energy_uj // whole_uj) ** 2
        self.observed_us += meter.observed_us
        self.devices.add(place)
        self.kinds.add(kind)


def local_report(batches: Iterable[Batch], asked: LocalReport) -> dict[str, Any]:
    """Rows and totals in the form of the server's report."""
    held = list(batches)
    jobs = _jobs(held)
    zones = {(batch.agent.id, batch.agent.epoch, batch.seq): batch.host.zone for batch in held}
    kinds = {device.uid: device.kind for batch in held for device in batch.devices}
    rows: dict[tuple[str | None, ...], _Row] = {}
    totals = _Row()
    for place, windows in _windows(held, asked).items():
        meters = {window.key: window for window in windows}
        for booking in fold(windows).bookings:
            key = tuple(
                _label(name, booking.bucket, jobs.get(booking.job_uid)) for name in asked.keys
            )
            for row in (rows.setdefault(key, _Row()), totals):
                meter = meters[booking.window]
                watched = (booking.job_uid, place[0])
                row.add(kinds[place[0]], meter, booking.energy_uj, watched)
                zone = zones[_batch_of(booking.window)]
                row.by_zone[zone] = row.by_zone.get(zone, 0) + booking.energy_uj
    return {
        "rows": [
            {**dict(zip(asked.keys, key, strict=True)), **_figures(row, asked, jobs)}
            for key, row in sorted(rows.items(), key=lambda item: str(item[0]))
        ],
        "totals": _figures(totals, asked, jobs),
        "covers": covered(totals.kinds),
        "does_not_cover": not_covered(totals.kinds),
    }


def _jobs(batches: Sequence[Batch]) -> dict[str, Job]:
    """The latest record of each job."""
    latest: dict[str, Job] = {}
    for batch in batches:
        for job in batch.jobs:
            if job.uid not in latest or latest[job.uid].rev < job.rev:
                latest[job.uid] = job
    return latest


def _windows(batches: Sequence[Batch], asked: LocalReport) -> dict[_Place, list[MeterWindow]]:
    """Windows by device and quarter hour."""
    found: dict[_Place, list[MeterWindow]] = {}
    for batch in batches:
        uids = {device.ref: device.uid for device in batch.devices}
        parts = _parts(batch)
        meters = batch.meters
        for index, ref in enumerate(meters.device):
            start_us = meters.start_us[index]
            if not asked.holds(start_us):
                continue
            window = MeterWindow(
                key=_key(batch, start_us, index),
                role=batch.agent.role,
                start_us=start_us,
                end_us=meters.end_us[index],
                energy_uj=meters.energy_uj[index],
                observed_us=meters.observed_us[index],
                method=meters.method[index],
                err_sys_uj=meters.err_sys_uj[index],
                err_rand_uj=meters.err_rand_uj[index],
                parts=parts.get(index, []),
                counter_start_uj=meters.counter_start_uj[index],
                counter_end_uj=meters.counter_end_uj[index],
                boot_id=batch.host.boot_id,
                reporter=(batch.agent.id, batch.agent.epoch),
            )
            found.setdefault((uids[ref], quarter_of(start_us)), []).append(window)
    return found


def _key(batch: Batch, start_us: int, index: int) -> Key:
    numbers = (f"{start_us:020d}", f"{batch.seq:020d}", f"{index:06d}")
    return (batch.agent.id, batch.agent.epoch, *numbers)


def _batch_of(key: Key) -> tuple[str, str, int]:
    """Which batch a window came in: agent, epoch, number."""
    return key[0], key[1], int(key[3])


def _parts(batch: Batch) -> dict[int, list[BookedPart]]:
    jobs = {job.ref: job for job in batch.jobs}
    parts = batch.parts
    found: dict[int, list[BookedPart]] = {}
    for meter, ref, bucket, energy_uj in zip(
        parts.meter, parts.job, parts.bucket, parts.energy_uj, strict=True
    ):
        job = jobs.get(ref)
        part = BookedPart(bucket, job.uid if job else "", job.parent if job else None, energy_uj)
        found.setdefault(meter, []).append(part)
    return found


def _label(key: str, bucket: str, job: Job | None) -> str | None:
    if key == "bucket":
        return bucket
    if job is None:
        return None
    if key == "variant":
        return job.variant.label if job.variant else None
    value: str | None = getattr(job, "uid" if key == "job" else key)
    return value


def _figures(row: _Row, asked: LocalReport, jobs: Mapping[str, Job]) -> dict[str, Any]:
    carbons = [(asked.carbon(zone), energy_uj) for zone, energy_uj in row.by_zone.items()]
    pue = asked.carbon(None).pue
    return {
        "energy_uj": str(row.energy_uj),
        "energy_kwh": kwh(row.energy_uj),
        "facility_kwh": float(facility_uj(row.energy_uj, pue) / UJ_PER_KWH),
        **_emissions(row, carbons),
        "coverage": _coverage(row, jobs),
        "methods": {
            method: energy / row.energy_uj
            for method, energy in sorted(row.by_method.items())
            if row.energy_uj
        },
        "uncertainty_kwh": kwh(row.uncertainty_uj),
        "factor_ids": sorted({one.factor.factor_id for one, _ in carbons if one.factor}),
        "flags": sorted({one.flag for one, _ in carbons if not one.factor}),
    }


def _emissions(row: _Row, carbons: Sequence[tuple[Carbon, int]]) -> dict[str, float | None]:
    """Kg of CO2e, and their range by the energy's uncertainty; a factor states none of its own."""
    names = ("emissions_kg", "emissions_low_kg", "emissions_high_kg")
    grams = [carbon.grams(energy_uj) for carbon, energy_uj in carbons]
    known = [mass for mass in grams if mass is not None]
    if len(known) < len(grams) or not known:
        return dict.fromkeys(names)
    share = Fraction(row.uncertainty_uj, row.energy_uj) if row.energy_uj else Fraction(0)
    around = (Fraction(1), max(Fraction(0), 1 - share), 1 + share)
    return {name: float(sum(known) / 1000 * by) for name, by in zip(names, around, strict=True)}


def _coverage(row: _Row, jobs: Mapping[str, Job]) -> float | None:
    """Observed over expected time where all of a row is booked to jobs that have ended."""
    expected_us = 0
    for uid, _device in row.devices:
        job = jobs.get(uid)
        if job is None or job.ended_at is None:
            return None
        expected_us += parse_time("ended_at", job.ended_at) - parse_time(
            "started_at", job.started_at
        )
    return min(1.0, row.observed_us / expected_us) if expected_us > 0 else None
