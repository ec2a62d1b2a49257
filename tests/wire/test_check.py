"""Every rule of a batch: what breaks it is refused and named by its JSON path."""

from collections.abc import Callable
from typing import Any

import pytest

from joulebook.errors import WireError
from joulebook.wire import Batch, check

Change = Callable[..., Batch]
BIG = 2**53
HOUR_US = 3_600_000_000
START_US = 1_795_428_000_000_000


def breach(spot: str, value: object, path: str, reason: str, name: str) -> Any:  # noqa: ANN401 - pytest does not export the type of a parameter set
    """One change at one spot, the path it is named by and what is said of it."""
    steps = tuple(int(step) if step.isdigit() else step for step in spot.split("/"))
    return pytest.param((steps, value), (path, reason), id=name)


HEAD = [
    breach("schema", 2, "$.schema", "speaks schema 1", "another schema"),
    breach("seq", -1, "$.seq", "between 0 and", "negative seq"),
    breach("seq", BIG, "$.seq", "between 0 and", "seq of 2^53"),
    breach("agent/role", "spy", "$.agent.role", "'spy' is not one of agent", "unknown role"),
    breach("agent/id", "", "$.agent.id", "must not be empty", "agent without id"),
    breach("agent/epoch", " ", "$.agent.epoch", "must not be empty", "blank epoch"),
    breach("agent/version", "", "$.agent.version", "must not be empty", "no version"),
    breach("host/id", "", "$.host.id", "must not be empty", "host without id"),
    breach("host/name", "", "$.host.name", "must not be empty", "host without name"),
    breach("host/boot_id", "", "$.host.boot_id", "must not be empty", "no boot id"),
    breach("host/zone", "F" * 513, "$.host.zone", "has 513 characters", "endless zone"),
    breach("host/labels", {"": "x"}, "$.host.labels", "not be empty", "label without key"),
    breach("host/labels", {"a": "\0"}, "$.host.labels.a", "NUL", "NUL in a label"),
    breach("host/labels", {"a b": "\0"}, "$.host.labels['a b']", "NUL", "label key with a space"),
    breach("host/name", "a\ud800", "$.host.name", "surrogate", "half a surrogate pair"),
]

DEVICES = [
    breach("devices/0/ref", -1, "$.devices[0].ref", "between 0 and", "negative device ref"),
    breach("devices/1/ref", 0, "$.devices[1].ref", "used twice", "device ref twice"),
    breach("devices/0/uid", "", "$.devices[0].uid", "not be empty", "device without uid"),
    breach("devices/1/uid", "GPU-1", "$.devices[1].uid", "listed twice", "device twice"),
    breach("devices/0/kind", "fpga", "$.devices[0].kind", "'fpga' is not one", "device kind"),
    breach("devices/0/scope", "rack", "$.devices[0].scope", "'rack' is not one", "device scope"),
    breach("devices/0/name", "", "$.devices[0].name", "not be empty", "device without name"),
    breach("devices/0/vendor", "", "$.devices[0].vendor", "not be empty", "no vendor"),
    breach("devices/0/problem", "x" * 513, "$.devices[0].problem", "513", "endless problem"),
]

JOBS = [
    breach("jobs/0/ref", -1, "$.jobs[0].ref", "between 0 and", "negative job ref"),
    breach("jobs/1/ref", 0, "$.jobs[1].ref", "used twice", "job ref twice"),
    breach("jobs/0/rev", -1, "$.jobs[0].rev", "between 0 and", "negative revision"),
    breach("jobs/0/uid", "", "$.jobs[0].uid", "not be empty", "job without uid"),
    breach("jobs/0/kind", "party", "$.jobs[0].kind", "'party' is not one", "job kind"),
    breach("jobs/0/parent", "run:1", "$.jobs[0].parent", "its own parent", "own parent"),
    breach("jobs/0/phase", "x\0", "$.jobs[0].phase", "NUL", "NUL in a phase"),
    breach("jobs/0/name", "x" * 513, "$.jobs[0].name", "513", "endless name"),
    breach("jobs/0/project", "x\0", "$.jobs[0].project", "NUL", "NUL in a project"),
    breach("jobs/0/user", "x\0", "$.jobs[0].user", "NUL", "NUL in a user"),
    breach("jobs/0/model", "x" * 513, "$.jobs[0].model", "513", "endless model"),
    breach("jobs/0/variant/label", "", "$.jobs[0].variant.label", "empty", "no variant label"),
    breach(
        "jobs/0/variant/method",
        ["pruning", "magic"],
        "$.jobs[0].variant.method[1]",
        "'magic' is not one of quantization",
        "variant method",
    ),
    breach("jobs/0/variant/scheme", "\0", "$.jobs[0].variant.scheme", "NUL", "variant scheme"),
    breach("jobs/0/variant/parent", "\0", "$.jobs[0].variant.parent", "NUL", "variant parent"),
    breach("jobs/0/started_at", "soon", "$.jobs[0].started_at", "not an RFC 3339", "no time"),
    breach(
        "jobs/0/started_at",
        "2026-11-23T10:00:00",
        "$.jobs[0].started_at",
        "no offset from UTC",
        "time without offset",
    ),
    breach(
        "jobs/0/started_at",
        "1969-12-31T23:59:59Z",
        "$.jobs[0].started_at",
        "between 0 and",
        "start before 1970",
    ),
    breach(
        "jobs/1/started_at",
        "2026-11-25T10:00:00Z",
        "$.jobs[1].started_at",
        "more than a day in the future",
        "start in the far future",
    ),
    breach(
        "jobs/0/ended_at",
        "2026-11-23T09:59:59Z",
        "$.jobs[0].ended_at",
        "ends before it starts",
        "end before start",
    ),
    breach(
        "jobs/0/ended_at",
        "2126-11-23T09:59:59Z",
        "$.jobs[0].ended_at",
        "more than a day in the future",
        "end in the far future",
    ),
    breach("jobs/0/work", {"": 1.0}, "$.jobs[0].work", "not be empty", "work without key"),
    breach("jobs/0/work", {"x": -1.0}, "$.jobs[0].work.x", "at least 0", "negative work"),
    breach("jobs/0/work", {"x": float("nan")}, "$.jobs[0].work.x", "finite", "NaN work"),
    breach("jobs/0/work", {"x": float("inf")}, "$.jobs[0].work.x", "finite", "endless work"),
    breach("jobs/0/work", {"x": 10**400}, "$.jobs[0].work.x", "finite", "work beyond floats"),
    breach("jobs/0/quality", {"": 1.0}, "$.jobs[0].quality", "empty", "quality without key"),
    breach("jobs/0/quality", {"x": float("nan")}, "$.jobs[0].quality.x", "finite", "NaN quality"),
    breach("jobs/0/quality", {"x": -float("inf")}, "$.jobs[0].quality.x", "finite", "-inf"),
]

METERS = [
    breach("meters/device/1", 9, "$.meters.device[1]", "no device has ref 9", "unknown device"),
    breach("meters/start_us/0", -1, "$.meters.start_us[0]", "between 0 and", "negative start"),
    breach(
        "meters/end_us/0", START_US, "$.meters.end_us[0]", "end after it starts", "empty window"
    ),
    breach(
        "meters/end_us/0", START_US - 1, "$.meters.end_us[0]", "end after it starts", "backwards"
    ),
    breach(
        "meters/end_us/0",
        START_US + 50 * HOUR_US,
        "$.meters.end_us[0]",
        "more than a day in the future",
        "far future",
    ),
    breach("meters/end_us/0", BIG, "$.meters.end_us[0]", "between 0 and", "end of 2^53"),
    breach(
        "meters/end_us/0",
        START_US + HOUR_US // 4 + 1,
        "$.meters.end_us[0]",
        "crosses a quarter hour",
        "window over a quarter hour",
    ),
    breach("meters/observed_us/0", -1, "$.meters.observed_us[0]", "between 0", "negative observed"),
    breach(
        "meters/observed_us/0",
        10_000_001,
        "$.meters.observed_us[0]",
        "between 0 and the window's 10000000",
        "observed beyond the window",
    ),
    breach("meters/energy_uj/0", -1, "$.meters.energy_uj[0]", "between 0 and", "negative energy"),
    breach("meters/energy_uj/1", BIG, "$.meters.energy_uj[1]", "between 0 and", "energy of 2^53"),
    breach("meters/energy_uj/0", 999, "$.meters.energy_uj[0]", "moved by 1000", "not the counter"),
    breach("meters/err_sys_uj/0", -1, "$.meters.err_sys_uj[0]", "between 0", "systematic error"),
    breach("meters/err_rand_uj/1", -1, "$.meters.err_rand_uj[1]", "between 0", "random error"),
    breach("meters/method/0", "guess", "$.meters.method[0]", "'guess' is not one", "method"),
    breach(
        "meters/counter_start_uj/0", None, "$.meters.counter_end_uj[0]", "both", "end counter alone"
    ),
    breach(
        "meters/counter_end_uj/0", None, "$.meters.counter_end_uj[0]", "both", "start counter alone"
    ),
    breach(
        "meters/counter_start_uj/0", -1, "$.meters.counter_start_uj[0]", "between", "start counter"
    ),
    breach("meters/counter_end_uj/0", BIG, "$.meters.counter_end_uj[0]", "between", "end counter"),
    breach("meters/power_max_mw/0", -1, "$.meters.power_max_mw[0]", "between 0", "negative peak"),
    breach("meters/power_max_mw/0", 10**9 + 1, "$.meters.power_max_mw[0]", "between", "megawatt"),
    breach("meters/utilization/0", -0.1, "$.meters.utilization[0]", "between 0", "negative use"),
    breach("meters/utilization/0", 1.1, "$.meters.utilization[0]", "between 0", "use above one"),
    breach("meters/own_uj", [-1, None], "$.meters.own_uj[0]", "between 0", "negative own cost"),
    breach("meters/own_uj", [1, None], "$.meters.own_uj[0]", "system part", "own cost, no system"),
    breach("meters/own_uj", [1] * 7, "$.meters.own_uj", "entries", "own cost of no window"),
    breach("meters/utilization/0", float("nan"), "$.meters.utilization[0]", "between", "NaN use"),
]

PARTS = [
    breach("parts/meter/1", 5, "$.parts.meter[1]", "no meter has index 5", "unknown meter"),
    breach("parts/meter/1", -1, "$.parts.meter[1]", "no meter has index -1", "meter from the end"),
    breach("parts/meter/2", 1, "$.parts.meter[2]", "not additive", "part of a beside meter"),
    breach("parts/bucket/0", "lost", "$.parts.bucket[0]", "'lost' is not one", "bucket"),
    breach("parts/energy_uj/0", -1, "$.parts.energy_uj[0]", "between 0", "negative part"),
    breach("parts/energy_uj/0", 701, "$.meters.energy_uj[0]", "sum to 1001, not 1000", "too much"),
    breach("parts/energy_uj/2", 99, "$.meters.energy_uj[0]", "sum to 999, not 1000", "too little"),
    breach("parts/job/0", 3, "$.parts.job[0]", "no job has ref 3", "unknown job"),
    breach("parts/job/0", -1, "$.parts.job[0]", "no job has ref -1", "job bucket without a job"),
    breach("parts/job/1", -1, "$.parts.job[1]", "no job has ref -1", "held by nobody"),
    breach("parts/job/2", 0, "$.parts.job[2]", "it must be -1", "idle of a job"),
    breach("parts/bucket/0", "system", "$.parts.job[0]", "it must be -1", "system of a job"),
    breach("parts/bucket/0", "unknown", "$.parts.job[0]", "it must be -1", "unknown of a job"),
]

COLUMNS = [
    *(
        breach(f"meters/{name}", [], f"$.meters.{name}", "has 0 entries where device has 2", name)
        for name in (
            "start_us",
            "end_us",
            "counter_start_uj",
            "counter_end_uj",
            "energy_uj",
            "observed_us",
            "method",
            "err_sys_uj",
            "err_rand_uj",
            "power_max_mw",
            "utilization",
        )
    ),
    *(
        breach(f"parts/{name}", [], f"$.parts.{name}", "has 0 entries where meter has 3", name)
        for name in ("job", "bucket", "energy_uj")
    ),
    breach("meters/device", [], "$.meters.start_us", "2 entries where device has 0", "device"),
    breach("parts/meter", [], "$.parts.job", "3 entries where meter has 0", "meter"),
]


@pytest.mark.parametrize(("change", "named"), [*HEAD, *DEVICES, *JOBS, *METERS, *PARTS, *COLUMNS])
def test_a_breach_is_refused_by_its_path(
    changed: Change,
    now_us: int,
    change: tuple[tuple[str | int, ...], object],
    named: tuple[str, str],
) -> None:
    with pytest.raises(WireError) as refusal:
        check(changed(change), now_us)
    path, reason = named
    assert refusal.value.path == path
    assert reason in refusal.value.reason
