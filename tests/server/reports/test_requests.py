"""What a report can be asked for, what is refused, and its form as CSV."""

import csv
import io

import pytest
from tests.server.reports.fleet import Fleet


@pytest.mark.parametrize(
    ("parameters", "named", "text"),
    [
        ({"group_by": "modell"}, "group_by", "model, variant"),
        ({"group_by": "model,,weather"}, "group_by", "'weather' is not one of"),
        ({"filter": "model"}, "filter", "key:value"),
        ({"filter": "hour:1"}, "filter", "key:value"),
        ({"filter": "weather:fine"}, "filter", "job, model"),
        ({"filter": "bucket:wasted"}, "filter", "job, held, idle, system, unknown"),
        ({"filter": "kind:learning"}, "filter", "training, finetuning"),
        ({"filter": "component:GPU"}, "filter", "gpu, cpu, dram"),
        ({"tz": "Mars/Base"}, "tz", "Europe/Berlin"),
        ({"tz": "../../etc/passwd"}, "tz", "is no time zone"),
        ({"tz": "Europe"}, "tz", "is no time zone"),
        ({"tz": ""}, "tz", "is no time zone"),
        ({"tz": "x" * 5_000}, "tz", "is no time zone"),
        ({"tz": "a\0b"}, "tz", "is no time zone"),
        ({"start": "yesterday"}, "from", "from"),
        ({"end": "2026-13-01T00:00:00Z"}, "to", "to"),
        ({"start": "2026-03-01"}, "from", "from"),
        ({"start": "2026-03-02T00:00:00Z", "end": "2026-03-01T00:00:00Z"}, "to", "before"),
        ({"basis": "market"}, "basis", "known: location"),
        ({"groupby": "model"}, "groupby", "group_by, from, to"),
        ({"since": "2026-03-01T00:00:00Z"}, "since", "group_by, from, to"),
    ],
)
def test_a_bad_request_is_refused_by_the_name_of_its_parameter(
    mixed: Fleet, parameters: dict[str, str], named: str, text: str
) -> None:
    problem = mixed.refused(**parameters)
    assert problem["status"] == 400
    assert problem["path"] == named
    assert text in problem["detail"]


def test_the_only_basis_known_now_can_be_named(mixed: Fleet) -> None:
    assert mixed.report(basis="location") == mixed.report()


def test_a_key_named_twice_counts_once(mixed: Fleet) -> None:
    assert mixed.report(group_by="model, model") == mixed.report(group_by="model")


def test_a_filter_without_a_value_means_none(mixed: Fleet) -> None:
    rows = mixed.report(group_by="model", filter="model:")["rows"]
    assert [row["model"] for row in rows] == [None]


def test_rows_carry_their_keys_and_every_figure(mixed: Fleet) -> None:
    report = mixed.report(group_by="host,bucket")
    figures = [
        *("energy_uj", "energy_kwh", "facility_kwh"),
        *("emissions_kg", "emissions_low_kg", "emissions_high_kg", "cost", "currency"),
        *("coverage", "methods", "uncertainty_kwh", "work", "energy_per_work_j"),
        *("transfer", "factor_ids", "flags"),
    ]
    assert list(report["rows"][0]) == ["host", "bucket", *figures]
    assert list(report["totals"]) == figures


def as_csv(fleet: Fleet, **parameters: str) -> list[dict[str, str]]:
    answer = fleet.client.send(
        "GET", "/v1/reports", params=parameters, headers={"accept": "text/csv"}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_csv_holds_the_same_figures(mixed: Fleet) -> None:
    rows = mixed.report(group_by="host,model")["rows"]
    table = as_csv(mixed, group_by="host,model")
    assert len(table) == len(rows)
    for cells, row in zip(table, rows, strict=True):
        for name in ("host", "energy_uj", "energy_kwh", "facility_kwh", "uncertainty_kwh"):
            assert cells[name] == str(row[name])
        assert cells["model"] == (row["model"] or "")
        assert cells["flags"] == " ".join(row["flags"])


def test_what_is_not_known_is_an_empty_cell_never_a_zero(mixed: Fleet) -> None:
    for cells in as_csv(mixed, group_by="host,model", filter="host:south"):
        assert cells["emissions_kg"] == cells["cost"] == ""


def test_csv_without_rows_still_names_its_columns(mixed: Fleet) -> None:
    answer = mixed.client.send(
        "GET",
        "/v1/reports",
        params={"group_by": "model", "from": "2026-06-01T00:00:00Z"},
        headers={"accept": "text/csv"},
    )
    assert answer.text.startswith("model,energy_uj,energy_kwh,")
    assert len(answer.text.splitlines()) == 1


def test_a_refusal_is_a_problem_also_where_csv_was_asked_for(mixed: Fleet) -> None:
    answer = mixed.client.send(
        "GET", "/v1/reports", params={"tz": "Mars"}, headers={"accept": "text/csv"}
    )
    assert answer.headers["content-type"] == "application/problem+json"
