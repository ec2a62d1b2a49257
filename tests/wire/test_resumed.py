"""Where a span stands, and what a stretch of it came to: what is said is what is read."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.errors import WireError
from joulebook.wire.resumed import Came, Resumed, read_came, read_resumed

numbers = st.integers(0, 2**53 - 1)
amounts = st.dictionaries(st.sampled_from(["samples", "steps"]), st.floats(1e-6, 1e12))
stands = st.builds(Resumed, numbers, numbers, numbers, amounts, amounts, amounts)
cames = st.builds(
    Came,
    st.lists(st.tuples(st.just("gpu"), st.just("counter"), numbers, numbers)),
    st.dictionaries(st.just("GPU-1"), numbers),
    st.integers(0, 2**120).map(str),
    st.booleans(),
    st.dictionaries(st.sampled_from(["gpu", "cpu"]), numbers),
    st.lists(st.just("GPU-1")),
)


@given(stands)
def test_where_a_span_stands_is_read_as_it_was_said(stand: Resumed) -> None:
    assert read_resumed(json.loads(json.dumps(asdict(stand)))) == stand


@given(cames)
def test_what_a_stretch_came_to_is_read_to_the_last_digit(came: Came) -> None:
    assert read_came(json.loads(json.dumps(asdict(came)))) == came


def test_a_span_that_begins_stands_nowhere() -> None:
    assert read_resumed(None) is None


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"started_us": None}, "$.resumed.started_us"),
        ({"started_us": 1.5}, "$.resumed.started_us"),
        ({"started_us": True}, "$.resumed.started_us"),
        ({"elapsed_us": -1}, "$.resumed.elapsed_us"),
        ({"rev": 2**53}, "$.resumed.rev"),
        ({"work": []}, "$.resumed.work"),
        ({"work": {"samples": -1}}, "$.resumed.work.samples"),
        ({"carried": {"samples": "many"}}, "$.resumed.carried.samples"),
        ({"quality": {"loss": True}}, "$.resumed.quality.loss"),
    ],
)
def test_a_stand_that_is_wrong_is_refused_by_its_path(
    changes: dict[str, object], path: str
) -> None:
    with pytest.raises(WireError) as refused:
        read_resumed({"started_us": 1, "elapsed_us": 1, **changes})
    assert refused.value.path == path


def test_a_stand_that_is_no_object_is_refused() -> None:
    with pytest.raises(WireError) as refused:
        read_resumed([1])
    assert refused.value.path == "$.resumed"
