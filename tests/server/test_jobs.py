"""Jobs: found, paged, corrected, with the energy of their children."""

import base64
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import hypothesis.strategies as st
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from tests.builders import START_US, WINDOW_US, JobSpec, Part, Push, Reading, host, tracker
from tests.server.conftest import Send

from joulebook.wire import encode

Job = dict[str, Any]


def ran(*jobs: JobSpec, seq: int = 1, energy_uj: int = 1_000_000) -> Push:
    """A batch in which each job used so much, and twice as much was idle."""
    parts = [Part(energy_uj, "job", spec.ref) for spec in jobs]
    start_us = START_US + seq * WINDOW_US
    return Push([Reading(start_us, parts=[*parts, Part(2 * energy_uj)])], jobs, seq)


def one(client: TestClient, uid: str) -> Job:
    answer = client.get(f"/v1/jobs/{uid}")
    assert answer.status_code == 200
    job: Job = answer.json()
    return job


def listed(client: TestClient, **asked: Any) -> list[str]:  # noqa: ANN401 - any parameter
    """uids of all jobs, page by page."""
    uids, cursor = [], None
    while True:
        params = {**asked, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/jobs", params=params).json()
        uids += [job["uid"] for job in page["jobs"]]
        if (cursor := page["next_cursor"]) is None:
            return uids


def test_a_job_is_told_with_its_energy(client: TestClient, send: Send) -> None:
    send(ran(JobSpec()))
    job = one(client, "run:1")
    assert (job["energy_uj"], job["own_energy_uj"], job["methods"]) == (
        "1000000",
        "1000000",
        {"counter": 1.0},
    )


def test_energy_that_was_held_for_a_job_is_its_own(client: TestClient, send: Send) -> None:
    send(Push([Reading(parts=[Part(5, "job", 0), Part(7, "held", 0)])], [JobSpec()]))
    assert one(client, "run:1")["energy_uj"] == "12"


def test_an_uid_may_hold_a_slash(client: TestClient, send: Send) -> None:
    send(ran(JobSpec("k8s:team/job/1")))
    assert one(client, "k8s:team/job/1")["uid"] == "k8s:team/job/1"


def test_a_job_that_nobody_named_is_not_there(client: TestClient) -> None:
    assert client.get("/v1/jobs/run:0").status_code == 404


def test_work_sums_over_reporters_and_quality_comes_from_one(
    client: TestClient, send: Send
) -> None:
    for name, samples in (("t1", 5.0), ("t2", 7.0)):
        spec = JobSpec(work={"samples": samples}, quality={"loss": samples})
        send(Push([], [spec], agent=tracker(name)))
    job = one(client, "run:1")
    assert (job["work"], job["quality"]) == ({"samples": 12.0}, {"loss": 5.0})


def test_a_lower_revision_never_overwrites(client: TestClient, send: Send) -> None:
    send(Push([], [JobSpec(rev=2, model="new")], seq=1))
    send(Push([], [JobSpec(rev=1, model="old")], seq=2))
    assert one(client, "run:1")["model"] == "new"


def test_a_job_seen_on_two_hosts_names_both(client: TestClient, send: Send) -> None:
    for name in ("host-2", "host-1"):
        send(Push([], [JobSpec()], host=host(name)))
    assert one(client, "run:1")["host_ids"] == ["host-1", "host-2"]


def test_jobs_are_listed_the_newest_first(client: TestClient, send: Send) -> None:
    jobs = [JobSpec(f"run:{ref}", ref, start_us=START_US - ref, end_us=None) for ref in range(3)]
    send(ran(*jobs))
    assert listed(client) == ["run:0", "run:1", "run:2"]


def test_jobs_that_started_at_once_are_paged_without_repeat_or_gap(
    client: TestClient, send: Send
) -> None:
    send(ran(*(JobSpec(f"run:{ref}", ref) for ref in range(7))))
    assert listed(client, limit=2) == [f"run:{ref}" for ref in range(7)]


@pytest.mark.parametrize("limit", [1, 2, 3, 6])
def test_a_job_with_many_reporters_is_listed_once(
    client: TestClient, send: Send, limit: int
) -> None:
    for shift, name in enumerate(("t1", "t2", "t3")):
        jobs = [
            JobSpec(f"run:{ref}", ref, start_us=START_US + shift * (ref % 2)) for ref in range(6)
        ]
        send(Push([], jobs, agent=tracker(name)))
    assert sorted(listed(client, limit=limit)) == [f"run:{ref}" for ref in range(6)]


def test_the_last_page_has_no_next_one(client: TestClient, send: Send) -> None:
    send(ran(*(JobSpec(f"run:{ref}", ref) for ref in range(4))))
    page = client.get("/v1/jobs", params={"limit": 4}).json()
    assert (len(page["jobs"]), page["next_cursor"]) == (4, None)


FILTERS = [
    ({"model": "m1"}, ["run:0"]),
    ({"variant": "int8"}, ["run:1"]),
    ({"project": "nlp"}, ["run:0", "run:1"]),
    ({"kind": "serving"}, ["run:1"]),
    ({"q": "LANG"}, ["run:1"]),
    ({"project": "nlp", "model": "m2"}, ["run:1"]),
    ({"model": "m3"}, []),
]


@pytest.mark.parametrize(("asked", "uids"), FILTERS)
def test_a_list_is_narrowed(
    client: TestClient, send: Send, asked: dict[str, str], uids: list[str]
) -> None:
    first = JobSpec("run:0", 0, project="nlp", model="m1")
    second = JobSpec(
        "run:1", 1, project="nlp", model="m2", variant="int8", kind="serving", name="A language"
    )
    send(ran(first, second))
    assert listed(client, **asked) == uids


def test_a_filter_sees_what_a_person_corrected(client: TestClient, send: Send) -> None:
    send(ran(JobSpec(model="wrong")))
    client.patch("/v1/jobs/run:1", json={"model": "right"})
    assert (listed(client, model="right"), listed(client, model="wrong")) == (["run:1"], [])


CURSORS = ["?", "x", "é", base64.urlsafe_b64encode(b"5").decode()]
CURSORS += [
    base64.urlsafe_b64encode(text).decode()
    for text in (
        b'[1e999, "a"]',
        b"[1, 2, 3]",
        b'[18446744073709551616, "a"]',
        b'["a", "b"]',
        b"\xff",
        b'[true, "a"]',
        b'[1, "\\ud800"]',
        b"[" * 20_000,
    )
]


@pytest.mark.parametrize("cursor", CURSORS)
def test_a_cursor_that_is_none_is_refused(client: TestClient, send: Send, cursor: str) -> None:
    send(ran(JobSpec()))
    answer = client.get("/v1/jobs", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["path"]) == (400, "cursor")


@pytest.mark.parametrize("limit", ["0", "501", "many"])
def test_a_page_has_a_bounded_length(client: TestClient, limit: str) -> None:
    assert client.get("/v1/jobs", params={"limit": limit}).status_code == 422


def test_a_parent_holds_its_children_once(client: TestClient, send: Send) -> None:
    family = [
        JobSpec("run:p", 0),
        JobSpec("run:c", 1, parent="run:p"),
        JobSpec("run:d", 2, parent="run:p"),
        JobSpec("run:g", 3, parent="run:c"),
    ]
    send(ran(*family))
    job = one(client, "run:p")
    told = (job["energy_uj"], job["own_energy_uj"], job["children"])
    assert told == ("4000000", "1000000", ["run:c", "run:d", "run:g"])


def test_a_child_that_two_reporters_name_counts_once(client: TestClient, send: Send) -> None:
    family = [JobSpec("run:p", 0), JobSpec("run:c", 1, parent="run:p")]
    send(ran(*family))
    send(Push([], family, agent=tracker()))
    assert one(client, "run:p")["energy_uj"] == "2000000"


def test_a_circle_of_parents_ends(client: TestClient, send: Send) -> None:
    send(ran(JobSpec("run:a", 0, parent="run:b"), JobSpec("run:b", 1, parent="run:a")))
    assert one(client, "run:a")["energy_uj"] == "2000000"


def test_a_chain_of_any_depth_is_summed(client: TestClient, send: Send) -> None:
    chain = [JobSpec(f"run:{ref}", ref, parent=f"run:{ref - 1}") for ref in range(1, 150)]
    send(ran(JobSpec("run:0", 0), *chain, energy_uj=1))
    assert one(client, "run:0")["energy_uj"] == "150"


def test_coverage_is_the_observed_share_of_the_jobs_span(client: TestClient, send: Send) -> None:
    readings = [
        Reading(START_US + place * WINDOW_US, parts=[Part(5, "job", 0)]) for place in (0, 3)
    ]
    send(Push(readings, [JobSpec(end_us=START_US + 4 * WINDOW_US)]))
    assert one(client, "run:1")["coverage"] == 0.5


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uid=st.text(min_size=1, max_size=30))
def test_any_uid_is_answered(client: TestClient, uid: str) -> None:
    path = quote(uid.encode("utf-8", "replace"), safe="")
    assert client.get(f"/v1/jobs/{path}").status_code in (200, 404)


def test_the_largest_and_smallest_work_is_still_told(client: TestClient, send: Send) -> None:
    for name in ("t1", "t2"):
        spec = JobSpec(work={"large": 1e100, "small": 1e-100})
        send(Push([Reading(parts=[Part(10**9, "job", 0)])], [spec], agent=tracker(name)))
    report = client.get("/v1/reports", params={"group_by": "job"})
    assert (one(client, "run:1")["work"]["large"], report.status_code) == (2e100, 200)


def test_what_a_job_declares_wins_over_what_an_agent_found(client: TestClient) -> None:
    mine, seen_too = {"tokens": 5.0}, {"tokens": 6.0, "requests": 2.0}
    declared = JobSpec(name="mine", kind="training", model="declared", rev=1, work=mine)
    found = JobSpec(name="x", kind="other", model="environment", project="p", rev=9, work=seen_too)
    batch = ran(declared).batch()
    seen = ran(found, seq=2).batch()
    seen = replace(seen, jobs=[replace(seen.jobs[0], reporter="watch:0007")])
    for one_batch in (batch, seen):
        assert client.post("/v1/batches", content=encode(one_batch)).status_code == 200
    job = one(client, "run:1")
    assert (job["name"], job["kind"], job["model"]) == ("mine", "training", "declared")
    assert job["project"] == "p"  # nobody declared one
    assert job["work"] == {"tokens": 5, "requests": 2}
