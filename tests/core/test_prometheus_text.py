"""A page of a server that we do not know: what can be read of it, and what is told of the rest."""

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.prometheus_text import MOST_TOLD, LeftOut, Page, Sample, parse


def only(text: str) -> Sample:
    page = parse(text)
    assert page.lost == 0
    (sample,) = page.samples
    return sample


def test_a_line_is_a_name_its_labels_and_a_value() -> None:
    assert only('tokens_total{model="m",engine="0"} 27453.0\n') == Sample(
        "tokens_total", {"model": "m", "engine": "0"}, Decimal("27453.0")
    )


@pytest.mark.parametrize("line", ["up 1", "up\t1", "  up{} 1", "up { } 1  ", "up 1\r"])
def test_labels_and_spaces_are_optional(line: str) -> None:
    assert only(line + "\n") == Sample("up", {}, Decimal(1))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a\\b", "a\\b"),
        (r"a\"b", 'a"b'),
        (r"a\nb", "a\nb"),
        (r"\\n", "\\n"),
        (r"a\tb", r"a\tb"),
        ("a,b}c{ d", "a,b}c{ d"),
        ("", ""),
        ("Gerät", "Gerät"),
    ],
)
def test_a_label_is_read_without_its_escapes(written: str, meant: str) -> None:
    assert only(f'a{{name="{written}",gpu="1"}} 5\n').labels == {"name": meant, "gpu": "1"}


@pytest.mark.parametrize("written", ["NaN", "+Inf", "-Inf", "nan", "1_000", "1e9999", "no"])
def test_what_is_no_finite_number_is_no_value_and_never_zero(written: str) -> None:
    assert only(f"a {written}\n") == Sample("a", {}, None)


def test_a_value_beyond_what_a_float_holds_is_exact() -> None:
    assert only("a 9.007199254740993e+15\n").value == 9_007_199_254_740_993


def test_of_openmetrics_timestamps_exemplars_and_the_end_are_understood() -> None:
    text = 'a_total 7 1795428000.123 # {trace="x"} 1.0 1795428000\n# EOF\nnot {{ a line\n'
    assert only(text) == Sample("a_total", {}, Decimal(7))


@pytest.mark.parametrize("end", ["# EOF\n", "# EOF"])
def test_the_end_of_openmetrics_may_have_no_end_of_line(end: str) -> None:
    assert parse("a 1\n" + end).lost == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("<html>", "'<html>' is no metric"),
        ('{"a.b"} 1', "is no metric"),
        ('a{gpu="0" 1', "the labels of .* are broken"),
        ('a{gpu="0",,b="1"} 1', "the labels of .* are broken"),
        ('a{gpu="0"}', "has no value"),
    ],
)
def test_a_broken_line_is_told_and_the_others_count(line: str, reason: str) -> None:
    page = parse(f"# TYPE up gauge\nup 1\n{line}\ndown 2\n")
    assert [sample.name for sample in page.samples] == ["up", "down"]
    (left_out,) = page.left_out
    assert left_out.number == 3
    assert re.search(reason, left_out.reason)


def test_a_last_line_that_was_cut_short_is_left_out_because_digits_may_be_missing() -> None:
    page = parse("a 1\nb 25")
    assert page.samples == (Sample("a", {}, Decimal(1)),)
    assert page.left_out == (LeftOut(2, "it was cut short: 'b 25' has no end of line"),)


def test_a_text_that_is_too_long_is_read_as_far_as_allowed() -> None:
    page = parse("a 1\nb 2\nc 3\n", most_chars=9)
    assert [sample.name for sample in page.samples] == ["a", "b"]
    assert page.left_out == (LeftOut(3, "the text is longer than 9 characters"),)


def test_more_samples_than_allowed_are_counted_and_not_kept() -> None:
    page = parse("a 1\n" * 50, most_samples=3)
    assert (len(page.samples), page.lost) == (3, 47)
    assert len(page.left_out) == MOST_TOLD


def test_lines_that_nobody_asked_for_are_left_aside_whatever_they_hold() -> None:
    page = parse("other{broken 1\nours 1\nour_own 2\n", ("ours",))
    assert (page.samples, page.lost) == ((Sample("ours", {}, Decimal(1)),), 0)


def test_the_first_name_that_a_page_shows_is_taken() -> None:
    page = parse('old{a="1"} 1\nold{a="2"} 2\nnewer 3\n')
    assert [sample.value for sample in page.named("new", "old", "newer")] == [1, 2]
    assert page.named("nothing") == []


@given(st.text())
def test_no_text_makes_the_parser_fail(text: str) -> None:
    assert isinstance(parse(text), Page)


@given(st.lists(st.sampled_from(["a", "{", "}", '"', "\\", "=", ",", " ", "#", "1", "\n", "EOF"])))
def test_no_text_that_looks_like_a_page_makes_it_fail(pieces: list[str]) -> None:
    page = parse("".join(pieces))
    assert page.lost >= len(page.left_out)
