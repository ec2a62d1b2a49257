"""Power now and over time, from energy that was metered."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from joulebook.core.fold import EXTERNAL
from joulebook.core.units import QUARTER_US, US_PER_S, quarter_of
from joulebook_server.store import power as stored
from joulebook_server.store.engine import Store
from joulebook_server.store.power import Stretch

Key = TypeVar("Key")

#: A device is live whose last window ended at most this long ago, µs; a window lasts 10 s.
LIVE_US = 60 * US_PER_S
#: Up to here the windows themselves are read, beyond it the ledger's quarter hours.
FINE_US = 6 * 3_600 * US_PER_S
_SHORTEST_STEP_US = US_PER_S


@dataclass(frozen=True, slots=True)
class PowerSeries:
    """Mean power by step.

    Attributes:
        step_us: Length of a step, µs.
        times_us: Start of each step, µs since the epoch.
        series: Power, mW, per step by name; None where no device of the series has a reading.
        unread: How many devices have no reading in a step, of those with readings before and
            after it: the power of these is missing from the step. Where another tool told the
            readings, nobody was to read in between, and nothing is missing.
    """

    step_us: int
    times_us: list[int]
    series: dict[str, list[int | None]]
    unread: list[int]


@dataclass(frozen=True, slots=True)
class PowerNow:
    """What the devices draw, by the latest window of each.

    Attributes:
        at_us: The moment, µs since the epoch.
        total_mw: Power of all live devices that add up, mW; None if no device is live.
        by_bucket: The same by bucket, mW.
        by_device: The same by (host, device), mW, and that of meters around other devices.
        by_job: The same by job uid, mW.
        hosts, devices: How many are live, of those that add up.
        methods: Share of the power by method.
    """

    at_us: int
    total_mw: int | None
    by_bucket: dict[str, int]
    by_device: dict[tuple[str, str], int]
    by_job: dict[str, int]
    hosts: int
    devices: int
    methods: dict[str, float]


def power_by_bucket(store: Store, period: tuple[int, int], steps: int = 240) -> PowerSeries:
    """Power of all devices that add up, by bucket.

    Args:
        store: The database.
        period: ``[from, to)``, µs.
        steps: How many steps at most.
    """
    additive = [one for one in _stretches(store, period) if one.additive]
    return series_of(additive, period, steps, lambda stretch: stretch.bucket)


def power_by_device(
    store: Store, period: tuple[int, int], steps: int = 240, *, job: str | None = None
) -> dict[tuple[str, str], PowerSeries]:
    """Power of each device that adds up, or of one job on each, by (host, device)."""
    by_device: dict[tuple[str, str], list[Stretch]] = {}
    for stretch in _stretches(store, period, job):
        if stretch.additive:
            by_device.setdefault((stretch.host, stretch.device), []).append(stretch)
    return {
        device: series_of(stretches, period, steps, lambda stretch: stretch.bucket)
        for device, stretches in sorted(by_device.items())
    }


def power_now(store: Store, now_us: int) -> PowerNow:
    """What the devices draw now: the latest window of each that is live."""
    with store.reading() as connection:
        recent = list(stored.from_readings(connection, (now_us - QUARTER_US, now_us + QUARTER_US)))
    last: dict[tuple[str, str], int] = {}
    for one in recent:
        key = (one.host, one.device)
        if now_us - one.end_us <= LIVE_US:
            last[key] = max(last.get(key, 0), one.end_us)
    every = [one for one in recent if last.get((one.host, one.device)) == one.end_us]
    live = [one for one in every if one.additive]
    total_mw = sum(map(_power_mw, live))
    by_method = _sums(live, lambda one: one.method)
    return PowerNow(
        at_us=now_us,
        total_mw=total_mw if live else None,
        by_bucket=_sums(live, lambda one: one.bucket),
        by_device=_sums(every, lambda one: (one.host, one.device)),
        by_job=_sums([one for one in live if one.job], lambda one: one.job),
        hosts=len({one.host for one in live}),
        devices=len({(one.host, one.device) for one in live}),
        methods={name: power / total_mw for name, power in by_method.items() if total_mw},
    )


def _stretches(store: Store, period: tuple[int, int], job: str | None = None) -> list[Stretch]:
    with store.reading() as connection:
        if period[1] - period[0] <= FINE_US:
            return list(stored.from_readings(connection, period, job))
        whole = (quarter_of(period[0]), quarter_of(period[1] + QUARTER_US - 1))
        return list(stored.from_ledger(connection, whole, job))


def series_of(
    stretches: Iterable[Stretch],
    period: tuple[int, int],
    steps: int,
    name_of: Callable[[Stretch], str],
) -> PowerSeries:
    """Mean power by step over the time that each device was watched, by name.

    Args:
        stretches: Energy between two instants.
        period: ``[from, to)``, µs.
        steps: How many steps at most.
        name_of: What a stretch counts as.
    """
    step_us = _step(period, steps)
    start_us = period[0] - period[0] % step_us
    times_us = list(range(start_us, period[1], step_us))
    energy: dict[str, dict[tuple[str, str], list[int]]] = {}
    watched: dict[tuple[str, str], list[dict[tuple[int, int], int]]] = {}
    told: set[tuple[str, str]] = set()
    for stretch in stretches:
        device = (stretch.host, stretch.device)
        if stretch.method == EXTERNAL:
            told.add(device)
        row = energy.setdefault(name_of(stretch), {}).setdefault(device, [0] * len(times_us))
        seen = watched.setdefault(device, [{} for _ in times_us])
        length_us = stretch.end_us - stretch.start_us
        first = max(0, (stretch.start_us - start_us) // step_us)
        for index in range(first, len(times_us)):
            begin = max(stretch.start_us, times_us[index])
            end = min(stretch.end_us, times_us[index] + step_us)
            if end <= begin:
                break
            row[index] += stretch.energy_uj * (end - begin) // length_us
            known_us = (end - begin) * stretch.watched_us // length_us
            seen[index][begin, end] = max(known_us, seen[index].get((begin, end), 0))
    lengths = {device: [sum(spans.values()) for spans in seen] for device, seen in watched.items()}
    return PowerSeries(
        step_us=step_us,
        times_us=times_us,
        series={
            name: _mean_power(by_device, lengths, len(times_us))
            for name, by_device in sorted(energy.items())
        },
        unread=_unread([lengths[one] for one in lengths.keys() - told], len(times_us)),
    )


def _mean_power(
    energy: dict[tuple[str, str], list[int]],
    lengths: dict[tuple[str, str], list[int]],
    steps: int,
) -> list[int | None]:
    """Per step, over the time that each device was watched; None where none was."""
    means: list[int | None] = []
    for index in range(steps):
        if not any(length[index] for length in lengths.values()):
            means.append(None)
            continue
        means.append(
            sum(
                row[index] * 1_000 // lengths[device][index]
                for device, row in energy.items()
                if lengths[device][index]
            )
        )
    return means


def _unread(lengths: Iterable[list[int]], steps: int) -> list[int]:
    """Per step, devices with no reading in it but before and after it."""
    counts = [0] * steps
    for device in lengths:
        read = [index for index, length in enumerate(device) if length]
        for before, after in pairwise(read):
            for index in range(before + 1, after):
                counts[index] += 1
    return counts


def _step(period: tuple[int, int], steps: int) -> int:
    """A round length: at most `steps` of them cover the period."""
    length_us = period[1] - period[0]
    if length_us > FINE_US:
        quarters = -(-length_us // (steps * QUARTER_US))
        return max(1, quarters) * QUARTER_US
    return max(_SHORTEST_STEP_US, -(-length_us // (steps * US_PER_S)) * US_PER_S)


def _power_mw(stretch: Stretch) -> int:
    return stretch.energy_uj * 1_000 // (stretch.end_us - stretch.start_us)


def _sums(stretches: Iterable[Stretch], key_of: Callable[[Stretch], Key]) -> dict[Key, int]:
    sums: dict[Key, int] = {}
    for one in stretches:
        sums[key_of(one)] = sums.get(key_of(one), 0) + _power_mw(one)
    return sums
