"""The energy of data transfer: beside the energy, never in it, and only where it is asked for."""

import csv
import io

import pytest
from fastapi.testclient import TestClient
from tests.builders import JobSpec, Part, Push, Reading
from tests.server.conftest import Open

from joulebook.wire import encode

GB = 1_000_000_000.0
MOVED = {"received_bytes": 1.5 * GB, "sent_bytes": 0.5 * GB, "read_bytes": 9 * GB}
OWN = {"transfer_kwh_per_gb": "0.01", "transfer_source": "our carrier, 2026"}


def told(client: TestClient, work: dict[str, float]) -> TestClient:
    push = Push([Reading(parts=[Part(3_600_000_000, "job", 0)])], [JobSpec(work=work)])
    assert client.post("/v1/batches", content=encode(push.batch())).status_code == 200
    return client


def test_it_is_off_until_somebody_asks_for_it(open_client: Open) -> None:
    client = told(open_client(), MOVED)
    report = client.get("/v1/reports?group_by=job").json()
    assert report["transfer"] is None
    assert [row["transfer"] for row in report["rows"]] == [None]
    assert "data transfer" not in client.get("/jobs/run:1").text


def test_what_crossed_the_network_counts_with_the_coefficient_that_was_set(
    open_client: Open,
) -> None:
    report = told(open_client(**OWN), MOVED).get("/v1/reports?group_by=job").json()
    (row,) = report["rows"]
    assert row["transfer"] == {
        "bytes": 2_000_000_000,
        "energy_uj": "72000000000",
        "low_uj": "7200000000",
        "high_uj": "432000000000",
        "energy_kwh": 0.02,
        "method": "estimated",
    }
    assert report["transfer"] == {
        "kwh_per_gb": 0.01,
        "kwh_per_gb_low": 0.001,
        "kwh_per_gb_high": 0.06,
        "year": None,
        "source": "our carrier, 2026",
    }


def test_it_changes_nothing_else(open_client: Open) -> None:
    asked = "/v1/reports?group_by=job"
    plain = told(open_client(), MOVED).get(asked).json()
    beside = open_client(**OWN).get(asked).json()
    for report in (plain, beside):
        for row in (report, report["totals"], *report["rows"]):
            row.pop("transfer")
    assert plain == beside


def test_a_job_whose_bytes_nobody_counted_has_no_figure(open_client: Open) -> None:
    client = told(open_client(**OWN), {"samples": 4.0, "written_bytes": GB})
    (row,) = client.get("/v1/reports?group_by=job").json()["rows"]
    assert row["transfer"] is None
    assert "data transfer" not in client.get("/jobs/run:1").text


def test_a_year_takes_what_is_published_for_it(open_client: Open) -> None:
    report = told(open_client(transfer_year=2015), MOVED).get("/v1/reports?group_by=job").json()
    assert report["rows"][0]["transfer"]["energy_kwh"] == pytest.approx(0.12)
    assert report["transfer"]["year"] == 2015
    assert "10.1111/jiec.12630" in report["transfer"]["source"]


def test_the_page_of_a_job_and_the_csv_show_it(open_client: Open) -> None:
    client = told(open_client(**OWN), MOVED)
    page = client.get("/jobs/run:1").text
    assert "about 20.0\u2009Wh outside (2.00\u2009Wh to 0.120\u2009kWh)" in page
    text = client.get("/v1/reports?group_by=job", headers={"accept": "text/csv"}).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert "energy_kwh=0.02 method=estimated" in row["transfer"]
