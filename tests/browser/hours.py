"""The windows of the two hours, as the agents of the simulated hosts would send them."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

from tests.browser.plan import HOSTS, HostPlan, Ran
from tests.builders import JobSpec, Part, Push, Reading, agent, host

from joulebook.core.units import US_PER_S
from joulebook.wire import Device

MINUTE_US = 60 * US_PER_S
MINUTES = 120
#: A quarter hour is a whole number of windows, so none crosses a row of the ledger.
LENGTH_US = 30 * US_PER_S
IDLE_W = {"gpu": 62, "cpu": 28}
#: Shares of the energy while a job runs, %; the rest is idle.
SHARES = {"gpu": {"job": 88, "held": 9}, "cpu": {"job": 61, "system": 7}}
_DEVICES = (
    ("gpu", "gpu", "GPU"),
    ("cpu", "package", "CPU"),
    ("host", "host", "wall meter"),
    ("dram", "dram", "DRAM"),
)
DRAM_PROBLEM = "permission denied: energy_uj can be read by root alone"


def now_us(length_us: int = LENGTH_US) -> int:
    """The end of the last whole window of this length, µs since the epoch."""
    return time.time_ns() // 1000 // length_us * length_us


def two_hours(end_us: int) -> list[Push]:
    """What the agents send, one batch a host.

    Args:
        end_us: Where the last window ends, µs; a multiple of `LENGTH_US`.
    """
    return [_push(plan, end_us) for plan in HOSTS]


def devices(name: str) -> list[Device]:
    """What a simulated host has: two devices that count, one beside them, one that fails."""
    return [
        Device(
            ref,
            f"{kind}:{name}:0",
            kind,
            scope,
            additive=kind != "host",
            name=f"Simulated {title}",
            vendor="unknown",
            problem=DRAM_PROBLEM if kind == "dram" else None,
        )
        for ref, (kind, scope, title) in enumerate(_DEVICES)
    ]


def _push(plan: HostPlan, end_us: int) -> Push:
    start_us = end_us - MINUTES * MINUTE_US
    return Push(
        readings=[*_meters(plan, start_us, "gpu"), *_meters(plan, start_us, "cpu")],
        jobs=[_job(one, ref, start_us) for ref, one in enumerate(plan.ran)],
        seq=0,
        agent=agent(f"agent-{plan.name}"),
        host=host(plan.name, "FR", f"boot-{plan.name}"),
        devices=devices(plan.name),
    )


def _job(one: Ran, ref: int, start_us: int) -> JobSpec:
    return replace(
        one.job,
        ref=ref,
        start_us=start_us + one.first * MINUTE_US,
        end_us=None if one.last is None else start_us + one.last * MINUTE_US,
    )


def _meters(plan: HostPlan, start_us: int, kind: str) -> Iterator[Reading]:
    """Windows of one device; a counter goes on over a gap: what passed is known, not for whom."""
    counter_uj = 1_000_000_000
    method = plan.gpu_method if kind == "gpu" else "estimated"
    for number in range(MINUTES * MINUTE_US // LENGTH_US):
        minute = number * LENGTH_US // MINUTE_US
        watched = not plan.gap[0] <= minute < plan.gap[1]
        if not watched and method != "counter":
            continue
        parts = _parts(plan, kind, minute, number) if watched else [_passed(kind, number)]
        energy_uj = sum(part.energy_uj for part in parts)
        yield Reading(
            start_us=start_us + number * LENGTH_US,
            length_us=LENGTH_US,
            parts=parts,
            counter_uj=counter_uj if method == "counter" else None,
            device=0 if kind == "gpu" else 1,
            method=method,
            observed_us=LENGTH_US if watched else 0,
            err_sys_uj=energy_uj // (20 if kind == "gpu" else 3),
            err_rand_uj=energy_uj // 100,
        )
        counter_uj += energy_uj


def _passed(kind: str, number: int) -> Part:
    """What a counter tells of time in which nobody looked."""
    return Part(_energy_uj(IDLE_W[kind], number), "unknown")


def _parts(plan: HostPlan, kind: str, minute: int, number: int) -> list[Part]:
    """Where a window's energy went."""
    for ref, one in enumerate(plan.ran):
        if one.first <= minute and (one.last is None or minute < one.last):
            watts = one.gpu_w if kind == "gpu" else one.cpu_w
            energy_uj = _energy_uj(watts, number)
            booked = [
                Part(energy_uj * share // 100, bucket, -1 if bucket == "system" else ref)
                for bucket, share in SHARES[kind].items()
            ]
            rest = energy_uj - sum(part.energy_uj for part in booked)
            return [*booked, Part(rest, "idle")]
    return [Part(_energy_uj(IDLE_W[kind], number), "idle")]


def _energy_uj(watts: int, number: int) -> int:
    """A window's energy at about this power: it swings by a tenth, the same on every run."""
    swing = 1 + 0.06 * math.sin(number / 7) + 0.04 * math.sin(number * 2.3)
    return round(watts * LENGTH_US * swing)
