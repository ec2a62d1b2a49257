"""One good batch, and a way to change one value of it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from joulebook.wire import Batch
from joulebook.wire.codec import from_tree

START_US = 1_795_428_000_000_000  # 2026-11-23T10:00:00Z, a quarter hour's start
END_US = START_US + 10_000_000

GOOD: dict[str, Any] = {
    "schema": 1,
    "agent": {"id": "a", "epoch": "e", "role": "agent", "version": "0.1.0"},
    "seq": 0,
    "host": {"id": "h", "name": "node", "boot_id": "b", "zone": None, "labels": {"rack": "1"}},
    "devices": [
        {
            "ref": 0,
            "uid": "GPU-1",
            "kind": "gpu",
            "scope": "gpu",
            "additive": True,
            "name": "one",
            "vendor": "nvidia",
            "problem": None,
        },
        {
            "ref": 1,
            "uid": "host:h",
            "kind": "host",
            "scope": "host",
            "additive": False,
            "name": "wall meter",
            "vendor": "unknown",
            "problem": None,
        },
    ],
    "jobs": [
        {
            "ref": 0,
            "rev": 0,
            "uid": "run:1",
            "parent": None,
            "phase": None,
            "name": "fit",
            "project": None,
            "kind": "training",
            "user": None,
            "model": "m",
            "variant": {"label": "int8", "method": ["quantization"], "scheme": "W8A8"},
            "started_at": "2026-11-23T10:00:00Z",
            "ended_at": "2026-11-23T10:00:10Z",
            "work": {"samples": 5.0},
            "quality": {"loss": -0.5},
        },
        {
            "ref": 7,
            "rev": 0,
            "uid": "run:2",
            "parent": "run:1",
            "phase": "eval",
            "name": None,
            "project": None,
            "kind": "evaluation",
            "user": None,
            "model": None,
            "variant": None,
            "started_at": "2026-11-23T10:00:00Z",
        },
    ],
    "meters": {
        "device": [0, 1],
        "start_us": [START_US, START_US],
        "end_us": [END_US, END_US],
        "counter_start_uj": [100, None],
        "counter_end_uj": [1_100, None],
        "energy_uj": [1_000, 9_000],
        "observed_us": [10_000_000, 9_000_000],
        "method": ["counter", "external"],
        "err_sys_uj": [50, 0],
        "err_rand_uj": [1, 0],
        "power_max_mw": [700_000, None],
        "utilization": [0.5, None],
    },
    "parts": {
        "meter": [0, 0, 0],
        "job": [0, 7, -1],
        "bucket": ["job", "held", "idle"],
        "energy_uj": [700, 200, 100],
    },
}

Spot = tuple[str | int, ...]


@pytest.fixture
def now_us() -> int:
    """The reader's clock, just after the good batch was measured."""
    return END_US + 1_000_000


@pytest.fixture
def good() -> dict[str, Any]:
    """The good batch as parsed JSON."""
    return copy.deepcopy(GOOD)


@pytest.fixture
def changed(good: dict[str, Any]) -> Callable[..., Batch]:
    """The good batch with the values at some spots replaced."""

    def change(*changes: tuple[Spot, Any]) -> Batch:
        for (*way, last), value in changes:
            place: Any = good
            for step in way:
                place = place[step]
            place[last] = value
        return from_tree(good)

    return change
