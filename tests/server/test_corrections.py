"""What a person says of a job wins over every report."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.builders import START_US, WINDOW_US, JobSpec, Part, Push, Reading
from tests.server.conftest import Send

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


def test_a_correction_wins(client: TestClient, send: Send) -> None:
    send(ran(JobSpec(model="wrong")))
    answer = client.patch("/v1/jobs/run:1", json={"model": "right"}).json()
    assert (answer["model"], answer["corrections"], answer["revision"]) == (
        "right",
        {"model": "right"},
        1,
    )


def test_a_correction_stays_when_a_newer_report_comes(client: TestClient, send: Send) -> None:
    send(ran(JobSpec(model="wrong")))
    client.patch("/v1/jobs/run:1", json={"model": "right"})
    send(ran(JobSpec(rev=9, model="wrong again"), seq=2))
    assert one(client, "run:1")["model"] == "right"


def test_null_takes_a_correction_back(client: TestClient, send: Send) -> None:
    send(ran(JobSpec(model="reported")))
    client.patch("/v1/jobs/run:1", json={"model": "corrected", "project": "p"})
    answer = client.patch("/v1/jobs/run:1", json={"model": None}).json()
    assert (answer["model"], answer["corrections"]) == ("reported", {"project": "p"})


def test_a_variant_may_be_corrected_by_its_label_alone(client: TestClient, send: Send) -> None:
    send(ran(JobSpec()))
    answer = client.patch("/v1/jobs/run:1", json={"variant": "int8"}).json()
    assert answer["variant"] == {"label": "int8", "method": [], "scheme": None, "parent": None}


def test_a_correction_of_an_unknown_job_is_not_found(client: TestClient) -> None:
    assert client.patch("/v1/jobs/run:1", json={"model": "m"}).status_code == 404


BAD: list[tuple[str, str]] = [
    ('{"energy_uj": 1}', "$.energy_uj"),
    ('{"uid": "run:2"}', "$.uid"),
    ('{"model": 5}', "$.model"),
    ('{"model": ""}', "$.model"),
    ('{"model": ["m"]}', "$.model"),
    ('{"model": "a\\u0000b"}', "$.model"),
    ('{"model": "\\ud800"}', "$.model"),
    ('{"name": "' + "x" * 10_000 + '"}', "$.name"),
    ('{"kind": "playing"}', "$.kind"),
    ('{"variant": {}}', "$.variant"),
    ('{"variant": {"label": 5}}', "$.variant"),
    ('{"variant": {"label": "a", "colour": "red"}}', "$.variant"),
    ('{"variant": {"label": "a", "method": 5}}', "$.variant"),
    ('{"variant": {"label": "a", "method": ["magic"]}}', "$.variant"),
    ('{"variant": {"label": "a", "scheme": 8}}', "$.variant"),
    ('{"variant": "\\ud800"}', "$.variant"),
    ('{"variant": []}', "$.variant"),
    ('{"work": 5}', "$.work"),
    ('{"work": {"samples": "5"}}', "$.work"),
    ('{"work": {"samples": NaN}}', "$.work"),
    ('{"work": {"samples": -1}}', "$.work"),
    ('{"work": {"samples": 1' + "0" * 400 + "}}", "$.work"),
    ('{"quality": {"loss": Infinity}}', "$.quality"),
    ('{"quality": {"loss": true}}', "$.quality"),
    ('{"quality": {"\\ud800": 1}}', "$.quality"),
]


@pytest.mark.parametrize(("content", "path"), BAD)
def test_a_correction_that_cannot_be_is_named(
    client: TestClient, send: Send, content: str, path: str
) -> None:
    send(ran(JobSpec()))
    answer = client.patch(
        "/v1/jobs/run:1", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["path"].startswith(path)


@pytest.mark.parametrize(("content", "path"), BAD)
def test_a_refused_correction_changes_nothing(
    client: TestClient, send: Send, content: str, path: str
) -> None:
    send(ran(JobSpec()))
    before = one(client, "run:1")
    client.patch("/v1/jobs/run:1", content=content, headers={"Content-Type": "application/json"})
    assert one(client, "run:1") == before, path


NO_OBJECT = ["", "[]", "{", "5", "null", "\xff", '{"model": "m"', "[" * 50_000]


@pytest.mark.parametrize("content", NO_OBJECT, ids=lambda content: content[:20])
def test_a_correction_that_is_no_object_is_refused(
    client: TestClient, send: Send, content: str
) -> None:
    send(ran(JobSpec()))
    answer = client.patch(
        "/v1/jobs/run:1", content=content, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.headers["content-type"]) == (
        422,
        "application/problem+json",
    )
    assert answer.json()["path"] == "$"


def test_a_correction_of_nothing_is_no_revision(client: TestClient, send: Send) -> None:
    send(ran(JobSpec()))
    corrected = client.patch("/v1/jobs/run:1", json={"model": "right"}).json()
    assert client.patch("/v1/jobs/run:1", json={}).json() == corrected
    assert client.patch("/v1/jobs/run:2", json={}).status_code == 404


def test_a_correction_over_64_kib_is_too_large(client: TestClient, send: Send) -> None:
    send(ran(JobSpec()))
    padded = '{"model": "right"' + " " * 65_518 + "}"
    assert client.patch("/v1/jobs/run:1", content=padded).json()["model"] == "right"
    answer = client.patch("/v1/jobs/run:1", content=padded + " ")
    assert (len(padded), answer.status_code) == (65_536, 413)
    assert answer.json()["path"] == "$"
