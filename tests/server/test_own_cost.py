"""What measuring itself costs: told by the agent, shown beside the bucket that it stands in."""

from dataclasses import replace

from fastapi.testclient import TestClient
from tests.builders import START_US, WINDOW_US, Part, Push, Reading, cpu, gpu

from joulebook.wire import encode


def push(client: TestClient, *own_uj: int | None) -> None:
    """Windows of a processor, each 900 µJ of `system`, of which the agent tells so much."""
    readings = [
        Reading(START_US + at * WINDOW_US, parts=[Part(900, "system"), Part(100)])
        for at in range(len(own_uj))
    ]
    batch = Push(readings, devices=[cpu(0), gpu(1)]).batch()
    batch = replace(batch, meters=replace(batch.meters, own_uj=list(own_uj)))
    answer = client.post("/v1/batches", content=encode(batch))
    assert answer.status_code == 200, answer.text


def test_the_fleet_tells_what_the_agent_used(client: TestClient) -> None:
    push(client, 30, 12)
    (host,) = client.get("/v1/hosts").json()["hosts"]
    assert (host["agent_24h_uj"], host["energy_24h_uj"]["system"]) == ("42", "1800")
    devices = {one["kind"]: one for one in client.get("/v1/devices").json()["devices"]}
    assert (devices["cpu"]["agent_24h_uj"], devices["gpu"]["agent_24h_uj"]) == ("42", None)
    assert "the agent itself used" in client.get("/fleet").text


def test_the_balance_tells_it_beside_the_parts(client: TestClient) -> None:
    push(client, 30, None)
    (package,) = [
        one for one in client.get("/v1/ledger/balance").json()["devices"] if one["windows"]
    ]
    assert (package["agent_uj"], package["parts_uj"]) == ("30", {"idle": "200", "system": "1800"})


def test_where_it_was_not_told_nothing_is_said(client: TestClient) -> None:
    push(client, None)
    (host,) = client.get("/v1/hosts").json()["hosts"]
    assert host["agent_24h_uj"] is None
    assert "the agent itself used" not in client.get("/fleet").text


def test_more_than_was_metered_is_refused(client: TestClient) -> None:
    batch = Push([Reading(parts=[Part(900, "system")])], devices=[cpu(0)]).batch()
    batch = replace(batch, meters=replace(batch.meters, own_uj=[901]))
    answer = client.post("/v1/batches", content=encode(batch))
    assert (answer.status_code, answer.json()["path"]) == (422, "$.meters.own_uj[0]")
