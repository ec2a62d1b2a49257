"""One machine is one host: its containers share the boot, whatever machine-id they hold."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.builders import (
    START_US,
    WINDOW_US,
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
from tests.server.conftest import Send

from joulebook.wire import Device, Host

JOULES_3 = (Reading(parts=(Part(3_000_000),), counter_uj=70),)


def of(machine_id: str, boot_id: str = "boot-1", **other: Any) -> Push:  # noqa: ANN401 - fields of a push
    """3 J of a processor, told by whoever sees this machine-id."""
    package = cpu(0, f"cpu:{machine_id}:package-0")
    made = Push(JOULES_3, host=host(machine_id, boot_id=boot_id), devices=[package])
    return replace(made, **other)


def hosts(client: TestClient) -> dict[str, str]:
    """Name of each host by its id."""
    return {one["id"]: one["name"] for one in client.get("/v1/hosts").json()["hosts"]}


def metered_uj(client: TestClient) -> int:
    devices = client.get("/v1/ledger/balance").json()["devices"]
    return sum(int(one["metered_uj"]) for one in devices)


def devices_of(client: TestClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/devices").json()["devices"]
    return found


def test_a_container_with_its_own_machine_id_is_counted_once(
    send: Send, client: TestClient
) -> None:
    send(of("real"))
    send(of("image", agent=tracker()))
    assert hosts(client) == {"real": "real"}
    assert [one["uid"] for one in devices_of(client)] == ["cpu:real:package-0"]
    assert metered_uj(client) == 3_000_000


def test_where_the_container_comes_first_the_agent_gives_the_host_its_name(
    send: Send, client: TestClient
) -> None:
    send(of("image", agent=tracker()))
    send(of("real"))
    assert hosts(client) == {"real": "real"}
    assert [one["uid"] for one in devices_of(client)] == ["cpu:real:package-0"]
    assert metered_uj(client) == 3_000_000
    assert client.get("/v1/ledger/balance").json()["exact"] is True


def test_what_a_container_told_of_its_job_goes_to_the_agents_host(
    send: Send, client: TestClient
) -> None:
    claim = (Reading(parts=(Part(3_000_000, "job", 0),), counter_uj=70),)
    first = of("image", agent=tracker(), readings=claim, jobs=[JobSpec(work={"samples": 5})])
    send(first)
    send(of("real"))
    assert send(first)["duplicate"]
    (row,) = client.get("/v1/reports?group_by=job").json()["rows"]
    assert (row["job"], row["energy_uj"], row["work"]) == ("run:1", "3000000", {"samples": 5.0})
    assert {one["host"] for one in client.get("/v1/reports?group_by=host").json()["rows"]} == {
        "real"
    }


def test_a_host_stays_itself_over_its_boots(send: Send, client: TestClient) -> None:
    send(of("real", "boot-1"))
    later = replace(JOULES_3[0], start_us=START_US + WINDOW_US)
    send(of("real", "boot-2", seq=2, readings=[later]))
    assert list(hosts(client)) == ["real"]
    assert metered_uj(client) == 6_000_000


def test_a_container_without_a_machine_id_makes_no_new_host_at_each_boot(
    send: Send, client: TestClient
) -> None:
    for number in range(3):
        send(of(f"boot-{number}", f"boot-{number}", agent=tracker()))
        send(of("real", f"boot-{number}", seq=number))
    assert hosts(client) == {"real": "real"}
    assert metered_uj(client) == 9_000_000


@pytest.mark.parametrize("first", ["real", "image"])
def test_machines_of_one_image_stay_two(send: Send, client: TestClient, first: str) -> None:
    for number in (1, 2):
        agents = of(f"real-{number}", f"boot-{number}", agent=agent(f"agent-{number}"))
        inside = of("image", f"boot-{number}", agent=tracker(f"tracker-{number}"))
        for one in (agents, inside) if first == "real" else (inside, agents):
            send(one)
    assert hosts(client) == {"real-1": "real-1", "real-2": "real-2"}
    assert metered_uj(client) == 6_000_000


def test_trackers_alone_are_one_host_over_its_boots(send: Send, client: TestClient) -> None:
    send(of("laptop", "boot-1", agent=tracker()))
    send(of("laptop", "boot-2", agent=tracker(), seq=2))
    assert list(hosts(client)) == ["laptop"]
    assert metered_uj(client) == 6_000_000


def test_a_sender_keeps_its_host_so_that_a_repeated_batch_is_known(send: Send) -> None:
    first = of("image", agent=tracker())
    send(first)
    send(of("real"))
    assert send(first)["duplicate"]
    assert send(of("real"))["duplicate"]


def test_a_tracker_does_not_rename_what_an_agent_told_lately(
    send: Send, client: TestClient
) -> None:
    seen = replace(gpu(), name="NVIDIA H100")
    blind = Device(0, "GPU-1", "gpu", "gpu", True, "GPU", "unknown", "may not be read")  # noqa: FBT003 - its fields in order
    send(of("real", devices=[seen], host=Host("real", "node-7", "boot-1", "FR")))
    inside = Host("image", "3f2a9c", "boot-1")
    send(of("image", devices=[blind], host=inside, agent=tracker()))
    (machine,) = client.get("/v1/hosts").json()["hosts"]
    assert (machine["name"], machine["zone"]) == ("node-7", "FR")
    (device,) = devices_of(client)
    assert (device["name"], device["problem"]) == ("NVIDIA H100", None)


def test_a_tracker_tells_of_a_host_whose_agent_is_long_gone(client: TestClient, send: Send) -> None:
    send(of("real", host=replace(host("real"), name="node-7")))
    clock = client.app.state.clock  # type: ignore[attr-defined] # Starlette's type hides it
    client.app.state.clock = lambda: clock() + 2 * 900_000_000  # type: ignore[attr-defined] # likewise
    send(of("real", host=replace(host("real"), name="node-8"), agent=tracker()))
    assert hosts(client) == {"real": "node-8"}
