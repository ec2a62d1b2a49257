"""Batches in any order, with any repeats, come to one ledger."""

import functools
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from tests.builders import (
    NOW_US,
    START_US,
    JobSpec,
    Part,
    Push,
    Reading,
    agent,
    cpu,
    gpu,
    host,
    tracker,
)

from joulebook.core.units import QUARTER_US, US_PER_S
from joulebook.wire import Batch, encode
from joulebook_server.main import create_app
from joulebook_server.settings import Settings
from joulebook_server.store.engine import Store
from joulebook_server.store.migrate import migrate

#: Columns that tell when something arrived; all others must not depend on it.
ARRIVAL = {"received_us", "first_us", "last_us", "agent_us"}
EDGE_US = START_US + QUARTER_US  # the windows lie on both sides of it


def series(draw: st.DrawFn, edges_s: Sequence[int], kinds: Sequence[str]) -> list[Reading]:
    """Consecutive windows from edge to edge, cut at the quarter hour."""
    edges = sorted({*(EDGE_US + edge * US_PER_S for edge in edges_s), EDGE_US})
    amounts = st.integers(0, 10**8)
    return [
        Reading(
            start,
            end - start,
            [
                *(Part(draw(amounts), "job", ref) for ref in range(len(kinds))),
                Part(draw(amounts), "idle"),
                Part(draw(amounts), "system"),
            ],
            err_sys_uj=draw(st.integers(0, 10**6)),
            err_rand_uj=draw(st.integers(0, 10**6)),
        )
        for start, end in pairwise(edges)
    ]


@st.composite
def fleets(draw: st.DrawFn) -> list[Batch]:
    """Batches of an agent and two trackers on one host; what they say of jobs changes by rev.

    The trackers may run in containers that have another machine-id.
    """
    batches = []
    for sender in (agent(), tracker("t1"), tracker("t2")):
        edges = draw(st.lists(st.integers(-60, 60), min_size=2, max_size=5, unique=True))
        readings = series(draw, edges, ["a", "b"])
        seen = "host-1" if sender.role == "agent" else draw(st.sampled_from(["host-1", "image"]))
        machine = host(seen, "FR", boot_id="boot")
        devices = [gpu(), cpu(uid=f"cpu:{seen}:package-0")]
        for seq, one in enumerate(readings, 1):
            jobs = [
                JobSpec(
                    f"run:{name}",
                    ref,
                    rev=draw(st.integers(0, 2)),
                    parent=draw(st.sampled_from([None, "run:p", "run:a"])) if ref else None,
                    model=draw(st.sampled_from([None, "m1", "m2"])),
                    kind=draw(st.sampled_from(["training", "other"])),
                    variant=draw(st.sampled_from([None, "int8"])),
                    work={"samples": float(seq)},
                )
                for ref, name in enumerate("ab")
            ]
            push = Push([one], jobs, seq, sender, machine, devices)
            batches.append(push.batch())
    return batches


@functools.cache
def migrated() -> bytes:
    """The file of a new database with the schema."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:///{folder}/server.db")
        migrate(store)
        store.close()
        return (Path(folder) / "server.db").read_bytes()


def book(batches: Iterable[Batch]) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """What a new server holds after these batches, and its balance."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/server.db"
        (Path(folder) / "server.db").write_bytes(migrated())
        store = Store(url)
        app = create_app(Settings(database_url=url), store)
        app.state.clock = lambda: NOW_US
        with TestClient(app) as client:
            for batch in batches:
                assert client.post("/v1/batches", content=encode(batch)).is_success
            balance: dict[str, Any] = client.get("/v1/ledger/balance").json()
        return contents(Path(folder) / "server.db"), balance


def contents(database: Path) -> dict[str, list[str]]:
    """Every row of every table, sorted, without times of arrival."""
    found = {}
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            left_out = ARRIVAL - ({"first_us", "last_us"} if name == "presence" else set())
            rows = connection.execute(f"SELECT * FROM {name}")  # noqa: S608 - from the schema
            found[name] = sorted(
                json.dumps(
                    {key: row[key] for key in row.keys() if key not in left_out},  # noqa: SIM118 - a sqlite3.Row yields values
                    default=bytes.hex,
                )
                for row in rows
            )
    return found


@settings(max_examples=25)
@given(fleets(), st.randoms(use_true_random=False))
def test_the_order_of_batches_and_their_repeats_change_nothing(
    batches: list[Batch], chance: Random
) -> None:
    shuffled = [*batches, *chance.choices(batches, k=3)]
    chance.shuffle(shuffled)
    assert book(shuffled) == book(batches)


@settings(max_examples=15)
@given(fleets())
def test_the_balance_is_exact_whatever_came(batches: list[Batch]) -> None:
    assert book(reversed(batches))[1]["exact"] is True


@settings(max_examples=10)
@given(fleets())
def test_the_roll_up_holds_what_the_ledger_holds(batches: list[Batch]) -> None:
    tables, _ = book(batches)
    sums = {
        name: sum(json.loads(row)["energy_uj"] for row in tables[name])
        for name in ("ledger", "rollup")
    }
    assert sums["rollup"] == sums["ledger"]


@pytest.mark.parametrize("late_first", [True, False])
def test_a_parent_told_late_moves_what_was_claimed_before(*, late_first: bool) -> None:
    meter = Reading(parts=[Part(600, "job", 0), Part(400, "system")])
    claim = Reading(parts=[Part(500, "job", 0)])
    batches = [
        Push([meter], [JobSpec("run:p")], 1, agent()).batch(),
        Push([claim], [JobSpec("run:a", rev=1)], 1, tracker()).batch(),
        Push([], [JobSpec("run:a", rev=2, parent="run:p")], 2, tracker()).batch(),
    ]
    tables, balance = book(reversed(batches) if late_first else batches)
    booked = {row["job_uid"]: row["energy_uj"] for row in map(json.loads, tables["ledger"])}
    assert (booked["run:a"], booked["run:p"], balance["exact"]) == (500, 100, True)


@pytest.mark.parametrize("swapped", [True, False])
def test_the_newest_word_of_several_reporters_labels_all(*, swapped: bool) -> None:
    reading = Reading(parts=[Part(5, "job", 0)])
    batches = [
        Push([reading], [JobSpec(rev=5, kind="training")], 1, tracker("t1")).batch(),
        Push([], [JobSpec(rev=1, kind="evaluation")], 1, tracker("t2")).batch(),
        Push([], [JobSpec(rev=6, kind="evaluation")], 2, tracker("t2")).batch(),
    ]
    tables, _ = book(reversed(batches) if swapped else batches)
    assert {json.loads(row)["kind"] for row in tables["rollup"]} == {"evaluation"}
