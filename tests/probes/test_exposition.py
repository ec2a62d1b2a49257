"""The text format of Prometheus, on lines written by us."""

from decimal import Decimal

import pytest

from joulebook.probes.exporter.exposition import NotExposition, Sample, parse


def only(text: str) -> Sample:
    (sample,) = parse(text)
    return sample


def test_a_line_is_a_name_its_labels_and_a_value() -> None:
    assert parse('power{gpu="0",device="nvidia0"} 52.636000\n') == [
        Sample("power", {"gpu": "0", "device": "nvidia0"}, Decimal("52.636"))
    ]


@pytest.mark.parametrize("line", ["up 1", "up\t1", "  up{} 1", "up { } 1  ", "up 1\r"])
def test_labels_and_spaces_are_optional(line: str) -> None:
    assert only(line + "\n") == Sample("up", {}, Decimal(1))


def test_comments_and_empty_lines_are_passed_over() -> None:
    text = '# HELP a Anything {"here"}.\n# TYPE a counter\n\n#\na 1\n'
    assert only(text).name == "a"


def test_a_text_without_a_line_has_no_samples() -> None:
    assert parse("") == parse("\n") == parse("# nothing\n") == []


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


def test_spaces_around_labels_and_a_comma_at_their_end_are_allowed() -> None:
    assert only('a{ gpu = "0" , device="x", } 5\n').labels == {"gpu": "0", "device": "x"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("257858316", 257_858_316),
        ("1.2345e+09", 1_234_500_000),
        ("9.007199254740993e+15", 9_007_199_254_740_993),
        ("-5", -5),
        ("+1.", 1),
    ],
)
def test_a_value_is_exact_however_it_is_written(written: str, value: int) -> None:
    assert only(f"a {written}\n").value == value


@pytest.mark.parametrize(
    "written", ["NaN", "+Inf", "-Inf", "nan", "1_000", "0x10", "1e9999", "ERROR - NO", "535.1.2"]
)
def test_what_is_no_finite_number_is_no_value(written: str) -> None:
    assert only(f"a {written}\n") == Sample("a", {}, None)


@pytest.mark.parametrize("stamp", ["1795428000000", "1795428000.123", "-1"])
def test_a_timestamp_is_passed_over(stamp: str) -> None:
    assert only(f'a{{gpu="0"}} 7 {stamp}\n').value == 7


def test_what_follows_a_timestamp_spoils_the_value() -> None:
    assert only("a 7 8 9\n").value is None


@pytest.mark.parametrize("end", ["# EOF\n", "# EOF", "# EOF\nnot {{ a line\n"])
def test_the_end_that_openmetrics_marks_is_the_end(end: str) -> None:
    assert parse(f'a_total{{gpu="0"}} 7 # {{trace="x"}} 1.0\n{end}') == [
        Sample("a_total", {"gpu": "0"}, Decimal(7))
    ]


def test_metrics_that_nobody_asked_for_are_left_out_whatever_they_hold() -> None:
    text = "other{broken 1\nours 1\nour_own 2\n"
    assert [sample.name for sample in parse(text, ("ours",))] == ["ours"]


@pytest.mark.parametrize(
    "line",
    [
        "<html><body>Metrics</body></html>",
        '{"status": "success"}',
        "a",
        "a-b 1",
        '{"a.b", gpu="0"} 1',
        "9a 1",
    ],
)
def test_a_text_that_is_something_else_is_refused(line: str) -> None:
    with pytest.raises(NotExposition, match="is no metric"):
        parse(f"up 1\n{line}\n")


@pytest.mark.parametrize(
    "labels",
    [
        '{gpu="0"',
        '{gpu="0}',
        "{gpu=0}",
        '{gpu="0" device="x"}',
        '{gpu="0",,device="x"}',
        '{gpu="a"b"}',
        '{g-pu="0"}',
        '{gpu="0\\"}',
        "{",
    ],
)
def test_broken_labels_are_refused(labels: str) -> None:
    with pytest.raises(NotExposition, match="are broken"):
        parse(f"a{labels} 1\n")


def test_a_line_without_a_value_is_refused() -> None:
    with pytest.raises(NotExposition, match="has no value"):
        parse('a{gpu="0"}\n')


@pytest.mark.parametrize("text", ['a 1\nb{gpu="0"} 25', "a 1", 'a 1\nb{gpu="'])
def test_a_text_that_was_cut_short_is_refused(text: str) -> None:
    with pytest.raises(NotExposition, match="cut short"):
        parse(text)


def test_a_refusal_repeats_a_long_line_only_in_part() -> None:
    with pytest.raises(NotExposition) as caught:
        parse("<" + "x" * 10_000 + "\n")
    assert len(str(caught.value)) < 100
