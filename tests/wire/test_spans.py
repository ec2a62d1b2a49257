"""The span protocol: what is said is what is read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.errors import WireError
from joulebook.wire import VariantRecord
from joulebook.wire.records import JOB_KINDS
from joulebook.wire.spans import (
    Begin,
    Progress,
    begin_message,
    line,
    parsed,
    progress_message,
    read_begin,
    read_progress,
)

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).filter(
    lambda text: bool(text.strip())
)
optional = st.none() | texts
variants = st.builds(
    VariantRecord, texts, st.lists(st.sampled_from(["pruning", "quantization"])), optional, optional
)
begins = st.builds(
    Begin,
    uid=texts.map(lambda text: f"run:{text}"),
    key=texts,
    outer=optional,
    parent=optional,
    shared=st.booleans(),
    kind=st.sampled_from(JOB_KINDS),
    name=optional,
    project=optional,
    model=optional,
    variant=st.none() | variants,
)
amounts = st.dictionaries(texts, st.floats(0, 1e12).filter(lambda x: x == 0 or x > 1e-9))


@given(begins)
def test_a_begin_is_read_as_it_was_said(begin: Begin) -> None:
    assert read_begin(parsed(line(begin_message(begin)))) == begin


@given(st.builds(Progress, texts, amounts, amounts))
def test_progress_is_read_as_it_was_said(progress: Progress) -> None:
    assert read_progress(parsed(line(progress_message("log", progress)))) == progress


@given(begins)
def test_a_message_is_one_line(begin: Begin) -> None:
    assert line(begin_message(begin)).count(b"\n") == 1


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"uid": 7}, "$.uid"),
        ({"kind": None}, "$.kind"),
        ({"shared": "yes"}, "$.shared"),
        ({"name": 7}, "$.name"),
        ({"model": "x" * 600}, "$.model"),
        ({"parent": "run:1"}, "$.parent"),
        ({"variant": "int8"}, "$.variant"),
        ({"variant": {"label": ""}}, "$.variant.label"),
        ({"variant": {"label": "a", "method": "pruning"}}, "$.variant.method"),
        ({"variant": {"label": "a", "method": ["magic"]}}, "$.variant.method[0]"),
        ({"variant": {"label": "a", "scheme": 8}}, "$.variant.scheme"),
    ],
)
def test_a_begin_that_is_wrong_is_refused_by_its_path(
    changes: dict[str, object], path: str
) -> None:
    message = {**begin_message(Begin("run:1", "a")), **changes}
    with pytest.raises(WireError) as refused:
        read_begin(message)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({}, "$.key"),
        ({"key": "a", "work": []}, "$.work"),
        ({"key": "a", "work": {"samples": -1}}, "$.work.samples"),
        ({"key": "a", "work": {"samples": True}}, "$.work.samples"),
        ({"key": "a", "quality": {"accuracy": "good"}}, "$.quality.accuracy"),
        ({"key": "a", "quality": {"accuracy": 1e999}}, "$.quality.accuracy"),
    ],
)
def test_progress_that_is_wrong_is_refused_by_its_path(
    message: dict[str, object], path: str
) -> None:
    with pytest.raises(WireError) as refused:
        read_progress(message)
    assert refused.value.path == path


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b"NaN", b'{"a": Infinity}', b"[" * 9999])
def test_what_is_no_object_is_refused(content: bytes) -> None:
    with pytest.raises(WireError):
        parsed(content)


def test_a_key_that_is_not_known_is_ignored() -> None:
    message = {**begin_message(Begin("run:1", "a")), "colour": "blue"}
    assert read_begin(json.loads(json.dumps(message))) == Begin("run:1", "a")
