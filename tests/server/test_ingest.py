"""A batch is taken once, whatever else it brings."""

import gzip
import json
from typing import Any

from fastapi.testclient import TestClient
from tests.builders import (
    START_US,
    WINDOW_US,
    JobSpec,
    Part,
    Push,
    Reading,
    agent,
    gpu,
    host,
)
from tests.server.conftest import Send

from joulebook.wire import encode
from joulebook_server.services.ingest import MOST_WINDOWS

ONE_JOULE = Push([Reading(parts=[Part(1_000_000)])])
TWO_JOULES = Push([Reading(parts=[Part(2_000_000)])])


def metered(client: TestClient) -> str:
    answer: str = client.get("/v1/ledger/balance").json()["devices"][0]["metered_uj"]
    return answer


def test_a_first_batch_is_no_duplicate(send: Send) -> None:
    first = Push(ONE_JOULE.readings, seq=0)
    assert send(first) == {"seq": 0, "duplicate": False, "missing": [], "window_us": 10_000_000}


def test_a_repeated_batch_is_called_a_duplicate(send: Send) -> None:
    send(ONE_JOULE)
    assert send(ONE_JOULE)["duplicate"] is True


def test_a_repeated_batch_changes_no_energy(send: Send, client: TestClient) -> None:
    for _ in range(3):
        send(ONE_JOULE)
    assert metered(client) == "1000000"


def test_another_content_under_a_known_number_is_a_conflict(send: Send, client: TestClient) -> None:
    send(ONE_JOULE)
    answer = client.post("/v1/batches", content=encode(TWO_JOULES.batch()))
    assert (answer.status_code, answer.json()["path"]) == (409, "$.seq")


def test_a_conflict_changes_no_energy(send: Send, client: TestClient) -> None:
    send(ONE_JOULE)
    client.post("/v1/batches", content=encode(TWO_JOULES.batch()))
    assert metered(client) == "1000000"


def test_the_same_number_in_another_epoch_is_another_batch(send: Send, client: TestClient) -> None:
    send(Push([Reading(parts=[Part(1)])]))
    later = Reading(ONE_JOULE.readings[0].end_us, parts=[Part(2)])
    send(Push([later], agent=agent(epoch="epoch-2")))
    assert metered(client) == "3"


def test_numbers_that_have_not_arrived_are_named(send: Send) -> None:
    send(Push([], seq=2))
    assert send(Push([], seq=5))["missing"] == [0, 1, 3, 4]


def test_a_late_batch_is_missed_no_more(send: Send) -> None:
    for seq in (3, 1, 0, 2):
        send(Push([], seq=seq))
    assert send(Push([], seq=4))["missing"] == []


def test_numbers_of_another_epoch_are_not_missed(send: Send) -> None:
    send(Push([], seq=0))
    assert send(Push([], seq=1, agent=agent(epoch="epoch-2")))["missing"] == [0]


def test_what_is_missed_is_a_bounded_list(send: Send) -> None:
    missing = send(Push([], seq=2**53 - 1))["missing"]
    assert missing == list(range(2**53 - 101, 2**53 - 1))


def test_unknown_keys_are_ignored_everywhere(client: TestClient) -> None:
    tree: dict[str, Any] = json.loads(encode(ONE_JOULE.batch()))
    for place in (tree, tree["agent"], tree["host"], tree["devices"][0], tree["meters"]):
        place["from_the_future"] = {"any": ["thing"]}
    assert client.post("/v1/batches", json=tree).status_code == 200


def test_a_compressed_batch_is_taken(client: TestClient) -> None:
    answer = client.post(
        "/v1/batches",
        content=gzip.compress(encode(ONE_JOULE.batch())),
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.status_code == 200


def test_the_name_of_an_encoding_is_read_in_any_case(client: TestClient) -> None:
    answer = client.post(
        "/v1/batches",
        content=gzip.compress(encode(ONE_JOULE.batch())),
        headers={"Content-Encoding": "GZIP"},
    )
    assert answer.status_code == 200


def test_a_compressed_repeat_is_the_same_batch(send: Send, client: TestClient) -> None:
    send(ONE_JOULE)
    answer = client.post(
        "/v1/batches",
        content=gzip.compress(encode(ONE_JOULE.batch())),
        headers={"Content-Encoding": "gzip"},
    )
    assert answer.json()["duplicate"] is True


def test_two_hosts_keep_their_own_books(send: Send, client: TestClient) -> None:
    send(ONE_JOULE)
    send(Push(TWO_JOULES.readings, host=host("host-2"), devices=[gpu()]))
    devices = client.get("/v1/ledger/balance").json()["devices"]
    metered = {one["host"]: one["metered_uj"] for one in devices if one["device"] == "GPU-1"}
    assert metered == {"host-1": "1000000", "host-2": "2000000"}


def test_a_batch_may_name_more_jobs_than_a_statement_takes_values(
    send: Send, client: TestClient
) -> None:
    jobs = [JobSpec(f"run:{ref}", ref) for ref in range(33_000)]
    parts = [Part(1, "job", ref) for ref in range(33_000)]
    send(Push([Reading(parts=parts)], jobs))
    page = client.get("/v1/jobs", params={"limit": 1}).json()
    assert page["jobs"][0]["energy_uj"] == "1"


def test_a_batch_of_too_many_windows_is_to_be_split(client: TestClient) -> None:
    many = [Reading(START_US + n * WINDOW_US, parts=[Part(1)]) for n in range(MOST_WINDOWS + 1)]
    answer = client.post("/v1/batches", content=encode(Push(many).batch()))
    assert (answer.status_code, answer.json()["path"]) == (413, "$.meters")
