"""Bytes of a batch: they come back whole, and one content has one digest."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.attribute import Bucket
from joulebook.wire import (
    Agent,
    Batch,
    Device,
    Host,
    Job,
    Meters,
    Parts,
    VariantRecord,
    decode,
    digest,
    encode,
)

Change = Callable[..., Batch]
texts = st.text(st.characters(codec="utf-8"), max_size=12)
maybe = st.none() | texts
whole = st.integers(-(2**60), 2**60)
numbers = st.floats(allow_nan=False, allow_infinity=False)
amounts = st.dictionaries(texts, numbers, max_size=3)
variants = st.builds(VariantRecord, texts, st.lists(texts, max_size=2), maybe, maybe)
jobs = st.builds(
    Job,
    *(whole, whole, texts, maybe, maybe, maybe, maybe, texts, maybe, maybe),
    st.none() | variants,
    texts,
    maybe,
    amounts,
    amounts,
)
many = st.lists(whole, max_size=4)
gappy = st.lists(st.none() | whole, max_size=4)
named = st.lists(texts, max_size=4)
meters = st.builds(
    Meters,
    *(many, many, many, gappy, gappy, many, many, named, many, many, gappy),
    st.lists(st.none() | numbers, max_size=4),
)
batches = st.builds(
    Batch,
    whole,
    st.builds(Agent, texts, texts, texts, texts),
    whole,
    st.builds(Host, texts, texts, texts, maybe, st.dictionaries(texts, texts, max_size=3)),
    st.lists(
        st.builds(Device, whole, texts, texts, texts, st.booleans(), texts, texts, maybe),
        max_size=2,
    ),
    st.lists(jobs, max_size=2),
    meters,
    st.builds(Parts, many, many, named, many),
)


def shuffled(tree: Any, order: random.Random) -> Any:  # noqa: ANN401 - any JSON
    """The same JSON with the keys of every object in another order."""
    if isinstance(tree, list):
        return [shuffled(item, order) for item in tree]
    if not isinstance(tree, dict):
        return tree
    items = [(key, shuffled(value, order)) for key, value in tree.items()]
    order.shuffle(items)
    return dict(items)


@given(batches)
def test_a_batch_comes_back_as_it_was_encoded(batch: Batch) -> None:
    assert decode(encode(batch)) == batch


@given(batches)
def test_the_bytes_are_json_that_any_reader_takes(batch: Batch) -> None:
    assert json.loads(encode(batch))["host"]["name"] == batch.host.name


@given(batches, st.randoms(use_true_random=False))
def test_the_digest_does_not_depend_on_the_order_of_keys(
    batch: Batch, order: random.Random
) -> None:
    content = json.dumps(shuffled(json.loads(encode(batch)), order), indent=1).encode()
    assert digest(decode(content)) == digest(batch)


def test_the_digest_changes_with_the_content(changed: Change) -> None:
    before = changed()
    assert digest(replace(before, seq=before.seq + 1)) != digest(before)


def test_a_whole_number_of_work_has_one_digest_however_it_is_written(changed: Change) -> None:
    as_integer = changed((("jobs", 0, "work"), {"samples": 5}))
    as_float = changed((("jobs", 0, "work"), {"samples": 5.0}))
    assert digest(as_integer) == digest(as_float)


def test_a_bucket_is_written_as_its_word(changed: Change) -> None:
    batch = replace(changed(), parts=Parts([0], [-1], [Bucket.IDLE], [1]))
    assert json.loads(encode(batch))["parts"]["bucket"] == ["idle"]


def test_text_beyond_ascii_is_written_as_utf_8(changed: Change) -> None:
    assert "größe".encode() in encode(changed((("jobs", 0, "name"), "größe")))


@pytest.mark.parametrize(
    "spot",
    [("jobs", 0, "work"), ("jobs", 0, "quality")],
    ids=["work", "quality"],
)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_has_not_is_refused(
    changed: Change, spot: tuple[str | int, ...], number: float
) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(changed((spot, {"x": number})))


def test_a_utilisation_of_nan_is_refused(changed: Change) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        encode(changed((("meters", "utilization", 0), float("nan"))))


def test_what_has_no_place_on_the_wire_is_refused(changed: Change) -> None:
    with pytest.raises(TypeError, match="bytes has no place on the wire"):
        encode(changed((("host", "name"), b"node")))


def test_nan_is_not_read_back(changed: Change) -> None:
    content = encode(changed()).replace(b'"samples":5.0', b'"samples":NaN')
    with pytest.raises(ValueError, match="NaN is no JSON"):
        decode(content)


@pytest.mark.parametrize(
    "spot",
    [
        (),
        ("agent",),
        ("host",),
        ("devices", 0),
        ("jobs", 0),
        ("jobs", 0, "variant"),
        ("meters",),
        ("parts",),
    ],
    ids=lambda spot: "/".join(map(str, spot)) or "batch",
)
def test_a_key_from_a_newer_sender_is_ignored(
    good: dict[str, Any], changed: Change, spot: tuple[str | int, ...]
) -> None:
    before = digest(changed())
    place: Any = good
    for step in spot:
        place = place[step]
    place["from_the_future"] = [1, {"deep": None}]
    assert digest(decode(json.dumps(good).encode())) == before


@pytest.mark.parametrize("key", ["schema", "agent", "seq", "host", "devices", "jobs", "meters"])
def test_a_batch_without_a_part_of_it_is_refused(good: dict[str, Any], key: str) -> None:
    del good[key]
    with pytest.raises(KeyError):
        decode(json.dumps(good).encode())


def test_a_record_without_a_field_is_refused(good: dict[str, Any]) -> None:
    del good["agent"]["epoch"]
    with pytest.raises(TypeError, match="epoch"):
        decode(json.dumps(good).encode())


def test_an_empty_variant_is_refused_not_dropped(good: dict[str, Any]) -> None:
    good["jobs"][0]["variant"] = {}
    with pytest.raises(TypeError, match="label"):
        decode(json.dumps(good).encode())


def test_truncated_bytes_are_refused(changed: Change) -> None:
    with pytest.raises(ValueError, match="line 1"):
        decode(encode(changed())[:-1])


def test_a_batch_that_tells_nothing_of_the_agents_own_cost_reads_as_before(
    changed: Change,
) -> None:
    good = changed()
    tree = json.loads(encode(good))
    assert "own_uj" not in tree["meters"]
    assert decode(encode(good)).meters.own_uj == [None] * len(good.meters.device)


def test_the_agents_own_cost_goes_over_the_wire(changed: Change) -> None:
    good = changed()
    told = [0, *good.meters.own_uj[1:]]
    batch = replace(good, meters=replace(good.meters, own_uj=told))
    assert decode(encode(batch)).meters.own_uj == told
