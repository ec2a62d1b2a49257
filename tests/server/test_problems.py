from fastapi.testclient import TestClient
from httpx2 import Response


def is_problem(answer: Response, status: int) -> bool:
    kind = answer.headers["content-type"]
    told = answer.json()
    fields = {"type", "title", "status", "detail"} <= told.keys()
    return answer.status_code == told["status"] == status and "problem+json" in kind and fields


def test_a_route_that_is_not_there_is_a_problem(client: TestClient) -> None:
    assert is_problem(client.get("/v1/nothing"), 404)


def test_a_verb_that_a_route_does_not_know_is_a_problem(client: TestClient) -> None:
    assert is_problem(client.get("/v1/batches"), 405)


def test_the_reference_page_names_every_route_and_nothing_from_another_host(
    client: TestClient,
) -> None:
    page = client.get("/docs").text
    assert all(path in page for path in client.get("/openapi.json").json()["paths"])
    assert "://" not in page


def test_health_tells_the_version(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "version": "0.1.0"}


def test_the_server_goes_on_after_a_refusal(client: TestClient) -> None:
    for content in (b"", b"{", b"[]", b"\x00", b"{}"):
        assert client.post("/v1/batches", content=content).is_client_error
    assert client.get("/v1/ledger/balance").json() == {"exact": True, "devices": []}
