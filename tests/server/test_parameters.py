"""A parameter with a slip in its name is refused, and the known ones are named."""

import pytest
from fastapi.testclient import TestClient

KNOWN = {
    "/v1/jobs": ["model", "variant", "project", "kind", "q", "cursor", "limit"],
    "/v1/ledger/balance": ["from", "to"],
    "/v1/power": ["from", "to", "by"],
    "/v1/models": ["from", "to"],
    "/v1/models/org/m/variants": ["from", "to"],
    "/v1/reports": ["group_by", "from", "to", "tz", "filter", "basis"],
    "/v1/hosts": [],
    "/v1/devices": [],
    "/v1/jobs/run:1": [],
    "/v1/jobs/run:1/series": [],
}


@pytest.mark.parametrize("path", KNOWN)
def test_an_unknown_parameter_is_refused_with_the_known_ones(client: TestClient, path: str) -> None:
    answer = client.get(path, params={"form": "2026-01-01T00:00:00Z"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["path"] == "form"
    assert all(name in answer.json()["detail"] for name in KNOWN[path])


@pytest.mark.parametrize(
    ("path", "parameter"), [(path, name) for path, names in KNOWN.items() for name in names]
)
def test_a_known_parameter_is_not_called_unknown(
    client: TestClient, path: str, parameter: str
) -> None:
    assert "Unknown" not in client.get(path, params={parameter: ""}).text


def test_a_name_in_another_case_is_another_name(client: TestClient) -> None:
    assert client.get("/v1/jobs", params={"Model": "m"}).status_code == 400


def test_a_key_said_twice_is_no_error(client: TestClient) -> None:
    assert client.get("/v1/reports", params={"group_by": "model,model"}).status_code == 200
