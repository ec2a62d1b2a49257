"""Does every joule add up? Meters against parts, each start against the previous end."""

from collections.abc import Iterable, Iterator
from typing import Any

from joulebook.core.fold import EXTERNAL
from joulebook.wire import format_time
from joulebook_server.services.breaks import breaks
from joulebook_server.store import balance as stored
from joulebook_server.store.balance import DeviceReadings
from joulebook_server.store.engine import Store

ALL_FROM_US = 0
ALL_TO_US = 2**53


def balance(store: Store, from_us: int = ALL_FROM_US, to_us: int = ALL_TO_US) -> dict[str, Any]:
    """The balance of every device over a period.

    Per device: what the meters that count have metered, the parts by bucket, their difference
    (0 unless the database was tampered with), `faults` that name device and time, and `breaks`
    where one window does not start where the last one ended: time that nobody watched.
    `agent_uj` is what the agent itself used, within ``system``; None where none told.
    `recovered_uj` of what was metered passed while nobody watched, and a counter told it later.
    What another tool told stands beside, as `external_uj`: no meter of ours backs it, and what it
    left out is no break. Its parts are checked for faults like all others.

    Args:
        store: The database.
        from_us: Start of the period, µs; whole quarter hours that start within it count.
        to_us: End of the period, µs.
    """
    with store.reading() as connection:
        devices = [_device(one) for one in stored.readings_of(connection, from_us, to_us)]
    return {
        "exact": all(not device["faults"] and device["difference_uj"] == "0" for device in devices),
        "devices": devices,
    }


def _device(read: DeviceReadings) -> dict[str, Any]:
    counting = read.counting()
    measured = [row for row in counting if row.method != EXTERNAL]
    metered = sum(row.energy_uj for row in measured)
    buckets: dict[str, int] = {}
    for row in read.ledger:
        if row.method != EXTERNAL:
            buckets[row.bucket] = buckets.get(row.bucket, 0) + row.energy_uj
    booked = sum(buckets.values()) if read.device.additive else metered
    return {
        "host": read.device.host_id,
        "device": read.device.device_uid,
        "name": read.device.name,
        "kind": read.device.kind,
        "additive": read.device.additive,
        "metered_uj": str(metered),
        "parts_uj": {bucket: str(energy) for bucket, energy in sorted(buckets.items())},
        "difference_uj": str(metered - booked),
        "recovered_uj": str(sum(row.energy_uj for row in measured if not row.observed_us)),
        "agent_uj": _told_sum(row.own_uj for row in measured),
        "external_uj": str(sum(row.energy_uj for row in counting if row.method == EXTERNAL)),
        "windows": len(measured),
        "claims": len(read.windows) - len(counting),
        "faults": [*_meter_faults(read), *_ledger_faults(read)],
        "breaks": list(breaks(read.device.kind, measured)),
    }


def _told_sum(values: Iterable[int | None]) -> str | None:
    told = [value for value in values if value is not None]
    return str(sum(told)) if told else None


def _meter_faults(read: DeviceReadings) -> Iterator[dict[str, Any]]:
    """Windows whose parts do not sum to them, or that contradict their counter."""
    for row in read.windows:
        parts = sum(part.energy_uj for part in row.parts)
        expected = row.energy_uj if read.device.additive else 0
        if parts != expected:
            yield _fault(read, row.start_us, f"its parts sum to {parts} µJ, not {expected} µJ")
        first, last = row.counter_start_uj, row.counter_end_uj
        if first is not None and last is not None and 0 <= last - first != row.energy_uj:
            moved = last - first
            reason = f"its counter moved by {moved} µJ, its energy is {row.energy_uj} µJ"
            yield _fault(read, row.start_us, reason)


def _ledger_faults(read: DeviceReadings) -> Iterator[dict[str, Any]]:
    """Quarter hours whose ledger is not what the readings come to."""
    computed, kept = read.computed(), read.kept()
    for quarter_us in read.quarters():
        if computed.get(quarter_us) != kept.get(quarter_us):
            yield _fault(read, quarter_us, "the ledger of this quarter hour is not its readings'")


def _fault(read: DeviceReadings, start_us: int, reason: str) -> dict[str, Any]:
    return {
        "host": read.device.host_id,
        "device": read.device.device_uid,
        "start": format_time(start_us),
        "reason": reason,
    }
