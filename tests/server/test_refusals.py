"""What is wrong with a batch is said by its JSON path, and nothing of it is kept."""

import gzip
import json
import sqlite3
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from tests.builders import NOW_US, JobSpec, Part, Push, Reading
from tests.server.conftest import Open

from joulebook.wire import encode, format_time

MIB = 2**20
DAY_US = 86_400_000_000
GOOD = Push(
    [
        Reading(parts=[Part(900, "job", 0), Part(100)], counter_uj=5),
        Reading(parts=[Part(7)], device=1),
    ],
    [JobSpec(work={"samples": 5.0})],
)

Spot = tuple[str | int, ...]


def tree() -> dict[str, Any]:
    """The good batch as parsed JSON."""
    parsed: dict[str, Any] = json.loads(encode(GOOD.batch()))
    return parsed


def changed(spot: Spot, value: object) -> bytes:
    """The good batch with one value replaced."""
    *way, last = spot
    whole: Any = tree()
    place = whole
    for step in way:
        place = place[step]
    place[last] = value
    return json.dumps(whole).encode()


def push(client: TestClient, content: bytes, encoding: str | None = None) -> Response:
    headers = {"Content-Encoding": encoding} if encoding else {}
    return client.post("/v1/batches", content=content, headers=headers)


def kept(database: Path) -> int:
    """How many rows the database holds, without the schema's own."""
    with sqlite3.connect(database) as connection:
        tables = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if name != "alembic_version"
        ]
        counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in tables]  # noqa: S608 - names from the schema
    connection.close()
    return sum(count for (count,) in counts)


def tells(answer: Response, status: int) -> str | None:
    """The path of a problem that is whole; its status is checked."""
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"]) == (status, status)
    assert problem["title"]
    assert problem["detail"]
    path: str | None = problem.get("path")
    return path


OFF: dict[str, tuple[Spot, object, str]] = {
    "another schema": (("schema",), 2, "$.schema"),
    "a number below zero": (("seq",), -1, "$.seq"),
    "a number as text": (("seq",), "1", "$.seq"),
    "a number with a fraction": (("seq",), 1.5, "$.seq"),
    "a number that is true": (("seq",), True, "$.seq"),
    "a number beyond JSON's": (("seq",), 2**53, "$.seq"),
    "a number of many digits": (("seq",), 10**300, "$.seq"),
    "an unknown role": (("agent", "role"), "root", "$.agent.role"),
    "an empty id": (("agent", "id"), "", "$.agent.id"),
    "a NUL in a text": (("host", "name"), "a\x00b", "$.host.name"),
    "an endless text": (("host", "id"), "x" * 10_000, "$.host.id"),
    "no host": (("host",), None, "$.host"),
    "devices that are no list": (("devices",), {}, "$.devices"),
    "an unknown kind of device": (("devices", 0, "kind"), "toaster", "$.devices[0].kind"),
    "a ref used twice": (("devices", 1, "ref"), 0, "$.devices[1].ref"),
    "a device listed twice": (("devices", 1, "uid"), "GPU-1", "$.devices[1].uid"),
    "an unknown device": (("meters", "device", 1), 9, "$.meters.device[1]"),
    "columns of different lengths": (("meters", "end_us"), [1], "$.meters.end_us"),
    "a text among numbers": (("meters", "start_us", 0), "soon", "$.meters.start_us[0]"),
    "energy below zero": (("meters", "energy_uj", 1), -7, "$.meters.energy_uj[1]"),
    "energy that is not a number": (
        ("meters", "energy_uj", 1),
        float("nan"),
        "$.meters.energy_uj[1]",
    ),
    "an end before its start": (("meters", "end_us", 1), 5, "$.meters.end_us[1]"),
    "a time far ahead": (("meters", "end_us", 1), NOW_US + 2 * DAY_US, "$.meters.end_us[1]"),
    "more observed than there is": (("meters", "observed_us", 0), 10**9, "$.meters.observed_us[0]"),
    "an unknown method": (("meters", "method", 0), "guess", "$.meters.method[0]"),
    "a counter that says otherwise": (("meters", "counter_end_uj", 0), 6, "$.meters.energy_uj[0]"),
    "use that is not a number": (
        ("meters", "utilization", 0),
        float("nan"),
        "$.meters.utilization[0]",
    ),
    "parts that do not sum": (("parts", "energy_uj", 0), 901, "$.meters.energy_uj[0]"),
    "a part below zero": (("parts", "energy_uj", 0), -1, "$.parts.energy_uj[0]"),
    "a part of no meter": (("parts", "meter", 2), 7, "$.parts.meter[2]"),
    "a part of no job": (("parts", "job", 0), 3, "$.parts.job[0]"),
    "an unknown bucket": (("parts", "bucket", 0), "mine", "$.parts.bucket[0]"),
    "parts of different lengths": (("parts", "bucket"), [], "$.parts.bucket"),
    "a job that starts tomorrow's morrow": (
        ("jobs", 0, "started_at"),
        format_time(NOW_US + 2 * DAY_US),
        "$.jobs[0].started_at",
    ),
    "a time without an offset": (
        ("jobs", 0, "started_at"),
        "2026-11-23T10:00:00",
        "$.jobs[0].started_at",
    ),
    "a job that ends before it starts": (
        ("jobs", 0, "ended_at"),
        "2020-01-01T00:00:00Z",
        "$.jobs[0].ended_at",
    ),
    "a job that is its own parent": (("jobs", 0, "parent"), "run:1", "$.jobs[0].parent"),
    "endless work": (("jobs", 0, "work", "samples"), float("inf"), "$.jobs[0].work.samples"),
    "work beyond all sums": (
        ("jobs", 0, "work", "samples"),
        1e101,
        "$.jobs[0].work.samples",
    ),
    "work that every ratio explodes on": (
        ("jobs", 0, "work", "samples"),
        5e-324,
        "$.jobs[0].work.samples",
    ),
    "work below zero": (("jobs", 0, "work", "samples"), -1, "$.jobs[0].work.samples"),
    "work as text": (("jobs", 0, "work", "samples"), "5", "$.jobs[0].work.samples"),
}


@pytest.mark.parametrize(("spot", "value", "path"), OFF.values(), ids=OFF.keys())
def test_the_first_breach_is_named_by_its_path(
    client: TestClient, spot: Spot, value: object, path: str
) -> None:
    assert tells(push(client, changed(spot, value)), 422) == path


@pytest.mark.parametrize(("spot", "value", "path"), OFF.values(), ids=OFF.keys())
def test_nothing_of_a_refused_batch_is_kept(
    client: TestClient, database: Path, spot: Spot, value: object, path: str
) -> None:
    push(client, changed(spot, value))
    assert kept(database) == 0, path


def test_every_missing_key_is_named(client: TestClient) -> None:
    for name in tree():
        without = {key: value for key, value in tree().items() if key != name}
        assert tells(push(client, json.dumps(without).encode()), 422) == f"$.{name}"


def test_a_window_across_a_quarter_hour_is_refused(client: TestClient) -> None:
    long = Push([Reading(length_us=900_000_001, parts=[Part(1)])])
    assert tells(push(client, encode(long.batch())), 422) == "$.meters.end_us[0]"


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"energy: 5",
    "half a batch": encode(GOOD.batch())[:100],
    "two batches": encode(GOOD.batch()) * 2,
    "no UTF-8": b'{"schema": "\xff"}',
    "half a surrogate pair": b'{"schema": "\\ud800"}',
    "a pit of lists": b"[" * 100_000,
}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_no_json_is_a_bad_request(client: TestClient, content: bytes) -> None:
    tells(push(client, content), 400)


@pytest.mark.parametrize("content", [b"[]", b"null", b"5", b'"batch"', b"{}"])
def test_json_that_is_no_batch_is_refused(client: TestClient, content: bytes) -> None:
    assert (tells(push(client, content), 422) or "").startswith("$")


def test_a_batch_that_is_no_object_is_refused_at_the_root(client: TestClient) -> None:
    assert tells(push(client, b"[]"), 422) == "$"


def test_a_truncated_gzip_is_a_bad_request(client: TestClient) -> None:
    tells(push(client, gzip.compress(encode(GOOD.batch()))[:-9], "gzip"), 400)


def test_a_damaged_gzip_is_a_bad_request(client: TestClient) -> None:
    packed = bytearray(gzip.compress(encode(GOOD.batch())))
    packed[len(packed) // 2] ^= 0xFF
    tells(push(client, bytes(packed), "gzip"), 400)


def test_what_is_called_gzip_and_is_none_is_a_bad_request(client: TestClient) -> None:
    tells(push(client, encode(GOOD.batch()), "gzip"), 400)


def test_something_behind_a_gzip_is_a_bad_request(client: TestClient) -> None:
    tells(push(client, gzip.compress(encode(GOOD.batch())) + b"more", "gzip"), 400)


def test_an_encoding_that_is_not_known_is_named(client: TestClient) -> None:
    answer = push(client, encode(GOOD.batch()), "br")
    tells(answer, 415)
    assert "'br'" in answer.json()["detail"]


def test_a_body_over_the_limit_is_too_large(open_client: Open) -> None:
    tells(push(open_client(max_body_mb=1), b" " * (MIB + 1)), 413)


def test_a_body_at_the_limit_is_read(open_client: Open) -> None:
    content = encode(GOOD.batch())
    assert push(open_client(max_body_mb=1), content + b" " * (MIB - len(content))).is_success


def test_a_gzip_that_unpacks_to_more_than_the_limit_is_too_large(open_client: Open) -> None:
    tells(push(open_client(max_body_mb=1), gzip.compress(b" " * (MIB + 1)), "gzip"), 413)


def test_a_gzip_bomb_takes_no_more_memory_than_the_limit(open_client: Open) -> None:
    client, bomb = open_client(max_body_mb=1), gzip.compress(bytes(256 * MIB))
    tracemalloc.start()
    try:
        answer = push(client, bomb, "gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    tells(answer, 413)
    assert peak < 16 * MIB
