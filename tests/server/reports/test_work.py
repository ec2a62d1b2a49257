"""Work, and energy per unit of it where a row holds all of that work's energy."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.server.reports.fleet import Fleet, Serve, Window, a_job, at

from joulebook.wire import Job

Ran = Callable[..., Fleet]


SECOND_US = 1_000_000


@pytest.fixture
def start() -> int:
    return at("2026-03-01T00:00:00Z")


@pytest.fixture
def ran(serve: Serve, start: int) -> Ran:
    """A server that heard of jobs; each of them used 6 J, the idle device 1 J."""

    def make(*jobs: Job) -> Fleet:
        fleet = serve()
        for index, one in enumerate(jobs):
            begin = start + index * 10 * SECOND_US
            booked = {("job", one.uid): 6_000_000, ("idle", ""): 1_000_000}
            fleet.push([Window(begin, booked)], [one])
        return fleet

    return make


def by_key(report: dict[str, Any], key: str) -> dict[str, Any]:
    return {row[key]: row for row in report["rows"]}


def test_energy_per_unit_of_work(ran: Ran, start: int) -> None:
    fleet = ran(a_job("run:1", start, work={"samples": 4.0, "steps": 2.0}))
    row = by_key(fleet.report(group_by="job"), "job")["run:1"]
    assert row["work"] == {"samples": 4, "steps": 2}
    assert row["energy_per_work_j"] == {"samples": 1.5, "steps": 3}


def test_work_of_several_jobs_is_summed(ran: Ran, start: int) -> None:
    fleet = ran(*(a_job(f"run:{n}", start, model="m", work={"samples": 4.0}) for n in range(3)))
    row = by_key(fleet.report(group_by="model"), "model")["m"]
    assert row["work"] == {"samples": 12}
    assert row["energy_per_work_j"] == {"samples": 1.5}


def test_a_filter_by_bucket_keeps_the_work(ran: Ran, start: int) -> None:
    fleet = ran(a_job("run:1", start, model="m", work={"samples": 4.0}))
    row = fleet.report(group_by="model", filter="bucket:job")["rows"][0]
    assert row["energy_per_work_j"] == {"samples": 1.5}


def test_a_work_of_nothing_has_no_energy_per_unit(ran: Ran, start: int) -> None:
    fleet = ran(a_job("run:1", start, work={"samples": 0.0}))
    row = by_key(fleet.report(group_by="job"), "job")["run:1"]
    assert row["energy_per_work_j"] == {}


def test_energy_of_a_job_that_told_no_work_spoils_the_ratio(ran: Ran, start: int) -> None:
    fleet = ran(
        a_job("run:1", start, model="m", work={"samples": 4.0}), a_job("run:2", start, model="m")
    )
    row = by_key(fleet.report(group_by="model"), "model")["m"]
    assert row["work"] == {"samples": 4}
    assert row["energy_per_work_j"] == {}


def test_idle_energy_is_never_spread_over_work(ran: Ran, start: int) -> None:
    row = ran(a_job("run:1", start, work={"samples": 4.0})).report()["rows"][0]
    assert row["energy_uj"] == "7000000"
    assert row["energy_per_work_j"] == {}


def test_a_parents_work_is_not_divided_by_its_own_energy_alone(ran: Ran, start: int) -> None:
    fleet = ran(a_job("run:1", start, work={"samples": 4.0}), a_job("run:2", start, parent="run:1"))
    rows = by_key(fleet.report(group_by="job"), "job")
    assert rows["run:1"]["energy_per_work_j"] == {}


def test_a_parents_work_over_its_own_and_its_childrens_energy(ran: Ran, start: int) -> None:
    fleet = ran(
        a_job("run:1", start, model="m", work={"samples": 4.0}),
        a_job("run:2", start, model="m", parent="run:1", work={"samples": 3.0}),
    )
    row = by_key(fleet.report(group_by="model"), "model")["m"]
    assert row["work"] == {"samples": 4}  # the child's samples are among its parent's
    assert row["energy_per_work_j"] == {"samples": 3}


def test_work_of_a_parent_that_used_no_energy_itself_is_found(serve: Serve, start: int) -> None:
    fleet = serve()
    fleet.push(
        [Window(start, {("job", "run:2"): 6_000_000})],
        [
            a_job("run:1", start, model="m", work={"samples": 4.0}),
            a_job("run:2", start, model="m", parent="run:1"),
        ],
    )
    row = by_key(fleet.report(group_by="model"), "model")["m"]
    assert row["energy_per_work_j"] == {"samples": 1.5}


def test_jobs_that_name_each_other_as_parent_do_not_hang_a_report(ran: Ran, start: int) -> None:
    fleet = ran(
        a_job("run:1", start, parent="run:2", work={"samples": 4.0}),
        a_job("run:2", start, parent="run:1"),
    )
    assert fleet.report(group_by="job")["totals"]["energy_uj"] == "14000000"


@pytest.mark.parametrize("key", ["host", "device", "component", "zone", "hour"])
def test_work_is_not_split_over_places_and_hours(ran: Ran, start: int, key: str) -> None:
    fleet = ran(a_job("run:1", start, work={"samples": 4.0}))
    assert [row["work"] for row in fleet.report(group_by=key)["rows"]] == [{}]


def test_work_of_a_job_that_reaches_beyond_the_period_is_left_out(ran: Ran, start: int) -> None:
    fleet = ran(a_job("run:1", start, 3_600, work={"samples": 4.0}))
    row = by_key(fleet.report(group_by="job", end="2026-03-01T00:30:00Z"), "job")["run:1"]
    assert row["work"] == {}


def test_a_correction_moves_energy_and_work_to_its_row(ran: Ran, start: int) -> None:
    fleet = ran(a_job("run:1", start, model="wrong", work={"samples": 4.0}))
    change = {"model": "right", "work": {"samples": 6}}
    assert fleet.client.send("PATCH", "/v1/jobs/run:1", json=change).status_code == 200
    rows = by_key(fleet.report(group_by="model"), "model")
    assert "wrong" not in rows
    assert rows["right"]["energy_per_work_j"] == {"samples": 1}
