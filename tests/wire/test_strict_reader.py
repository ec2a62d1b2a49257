"""The records as the server reads them: pydantic's strict mode over the same dataclasses."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from joulebook.errors import WireError
from joulebook.wire import Batch, check, decode, encode

Change = Callable[..., Batch]
READER = TypeAdapter(Batch)


@pytest.fixture
def written(changed: Change) -> str:
    return encode(changed()).decode()


def test_it_reads_what_we_write(written: str) -> None:
    assert READER.validate_json(written, strict=True) == decode(written.encode())


def test_it_reads_an_integer_where_a_float_is_meant(written: str) -> None:
    batch = READER.validate_json(written.replace('"samples":5.0', '"samples":5'), strict=True)
    assert batch.jobs[0].work == {"samples": 5.0}


def test_it_fills_in_what_may_be_left_out(good: dict[str, Any]) -> None:
    del good["host"]["labels"], good["host"]["zone"], good["devices"][0]["problem"]
    batch = READER.validate_json(json.dumps(good), strict=True)
    assert (batch.host.labels, batch.host.zone, batch.devices[0].problem) == ({}, None, None)


@pytest.mark.parametrize(
    "spot",
    [(), ("agent",), ("host",), ("devices", 0), ("jobs", 0), ("meters",), ("parts",)],
    ids=lambda spot: "/".join(map(str, spot)) or "batch",
)
def test_it_ignores_a_key_from_a_newer_sender(
    good: dict[str, Any], written: str, spot: tuple[str | int, ...]
) -> None:
    place: Any = good
    for step in spot:
        place = place[step]
    place["from_the_future"] = [1, {"deep": None}]
    newer = READER.validate_json(json.dumps(good), strict=True)
    assert newer == READER.validate_json(written, strict=True)


@pytest.mark.parametrize(
    "wrong",
    ["true", "1.0", "1e3", "1.5", '"1"', "null", "[1]", "NaN"],
)
def test_it_refuses_what_is_no_integer(written: str, wrong: str) -> None:
    with pytest.raises(ValidationError, match="valid integer"):
        READER.validate_json(written.replace('"seq":0', f'"seq":{wrong}'), strict=True)


@pytest.mark.parametrize("wrong", ["true", "700.0", "7e2", '"700"', "null"])
def test_it_refuses_what_is_no_integer_in_a_column(written: str, wrong: str) -> None:
    bad = written.replace("[700,200,100]", f"[{wrong},200,100]")
    with pytest.raises(ValidationError, match="valid integer"):
        READER.validate_json(bad, strict=True)


@pytest.mark.parametrize("wrong", ["true", '"5"', "null"])
def test_it_refuses_what_is_no_number(written: str, wrong: str) -> None:
    bad = written.replace('"samples":5.0', f'"samples":{wrong}')
    with pytest.raises(ValidationError, match="valid number"):
        READER.validate_json(bad, strict=True)


@pytest.mark.parametrize("wrong", ["1", '"true"', "null"])
def test_it_refuses_what_is_no_truth_value(written: str, wrong: str) -> None:
    bad = written.replace('"additive":true', f'"additive":{wrong}')
    with pytest.raises(ValidationError, match="valid boolean"):
        READER.validate_json(bad, strict=True)


@pytest.mark.parametrize("endless", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_not_finite_pass_the_shape_and_break_a_rule(
    written: str, now_us: int, endless: str
) -> None:
    bad = READER.validate_json(
        written.replace('"samples":5.0', f'"samples":{endless}'), strict=True
    )
    with pytest.raises(WireError, match=r"\$\.jobs\[0\]\.work\.samples: must be a finite number"):
        check(bad, now_us)
