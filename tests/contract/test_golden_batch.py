"""The golden batch: whoever changes what is on the wire changes a file here, knowingly."""

import json
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from joulebook.wire import Batch, check, decode, digest, encode, parse_time

HERE = Path(__file__).parent
NOW_US = parse_time("$", "2026-11-23T10:00:12Z")


@pytest.fixture
def content() -> bytes:
    return (HERE / "batch-v1.json").read_bytes()


def test_the_golden_batch_keeps_every_rule(content: bytes) -> None:
    check(decode(content), NOW_US)


def test_the_golden_batch_is_read_strictly(content: bytes) -> None:
    assert TypeAdapter(Batch).validate_json(content, strict=True) == decode(content)


def test_its_parts_sum_to_its_meter(content: bytes) -> None:
    batch = decode(content)
    assert sum(batch.parts.energy_uj) == batch.meters.energy_uj[0] == 6_120_000_000


def test_its_digest_is_the_golden_one(content: bytes) -> None:
    assert digest(decode(content)) == (HERE / "batch-v1.sha256").read_text().strip()


def test_the_strict_reader_sees_the_same_digest(content: bytes) -> None:
    strict = TypeAdapter(Batch).validate_json(content, strict=True)
    assert digest(strict) == digest(decode(content))


def test_encoding_loses_nothing_of_the_golden_batch(content: bytes) -> None:
    again = json.loads(encode(decode(content)))
    golden = json.loads(content)
    assert again["jobs"][0]["variant"].pop("parent") is None  # left out in the golden batch
    assert again == golden


def test_a_newer_golden_batch_is_the_same_to_this_reader(content: bytes) -> None:
    tree = json.loads(content)
    for record in (tree, tree["agent"], tree["host"], tree["devices"][0], tree["jobs"][0]):
        record["from_the_future"] = {"nested": [1, 2]}
    for record in (tree["jobs"][0]["variant"], tree["meters"], tree["parts"]):
        record["from_the_future"] = [1, 2, 3]
    newer = json.dumps(tree).encode()
    assert TypeAdapter(Batch).validate_json(newer, strict=True) == decode(newer) == decode(content)
