"""What a file of readings must not say, and that the fault is named with its line."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

import pytest
from tests.importing.files import readings

from joulebook.errors import InvalidInput

START, END = "2026-05-04T09:00:00Z", "2026-05-04T09:10:00Z"
PLAIN = "start,end,device,energy_j"
GOOD = f"{START},{END},phone,1"
LATER = "2026-05-04T09:10:00Z,2026-05-04T09:20:00Z,phone,1"


def refusal(header: str, *rows: str, tz: tzinfo | None = None, decimal: str = ".") -> str:
    with pytest.raises(InvalidInput) as refused:
        readings(header, *rows, tz=tz, decimal=decimal)
    return str(refused.value)


HEADERS = [
    (f"{PLAIN},enrgy_wh", "unknown column 'enrgy_wh'; did you mean energy_wh?"),
    (f"{PLAIN},Model", "unknown column 'Model'; did you mean model?"),
    (f"{PLAIN},qqq", "unknown column 'qqq'; known are start,"),
    (f"{PLAIN},work_", "unknown column 'work_'"),
    (f"{PLAIN},", "a column has no name"),
    (f"{PLAIN},device", "line 1, device: stands there twice"),
    (f"{PLAIN},power_w", "there are energy_j and power_w"),
    (f"{PLAIN},duration_s", "there are end and duration_s"),
    ("start,end,device", "is needed, and there is none"),
    ("end,device,energy_j", "line 1, start: the column is missing"),
    ("start,end,energy_j", "line 1, device: the column is missing"),
    ("start;end;device;energy_j", "--delimiter ';'"),
    ("start\tend\tdevice\tenergy_j", "--delimiter tab"),
    ("\udcff\udcfes", "is not UTF-8"),
    ('"start', "line 1: is no CSV"),
]


@pytest.mark.parametrize(("header", "reason"), HEADERS)
def test_a_header_that_cannot_be_understood_says_why(header: str, reason: str) -> None:
    assert reason in refusal(header)


NUMBERS = [
    ("", "is empty"),
    ("-1", "'-1' is negative"),
    ("nan", "'nan' is not a decimal number"),
    ("Infinity", "is not a decimal number"),
    ("1_000", "is not a decimal number"),
    ("0x10", "is not a decimal number"),
    ("1.000.000", "is not a decimal number"),
    ("\u0661", "is not a decimal number"),
    ("1e999999999", "is not a decimal number"),
    ("1 J", "is not a decimal number"),
    ('"1,5"', "--decimal , reads it"),
    ("1e99", "more than a megawatt"),
]


@pytest.mark.parametrize(("written", "reason"), NUMBERS)
def test_an_energy_that_cannot_be_is_named_with_line_and_column(written: str, reason: str) -> None:
    said = refusal(PLAIN, GOOD, f"2026-05-04T10:00:00Z,2026-05-04T11:00:00Z,phone,{written}")
    assert "line 3, energy_j: " in said
    assert reason in said


TIMES = [
    ("", END, "start: is empty"),
    ("yesterday", END, "start: 'yesterday' is not an RFC 3339 time"),
    ("2026-05-04", END, "is not an RFC 3339 time"),
    ("2026-05-04T09:00:00", END, "has no offset from UTC; write one, or name its zone: --tz"),
    (START, START, "end: is not after the start"),
    (END, START, "end: is not after the start"),
    (START, "2027-05-04T09:00:01Z", "lies more than a day in the future"),
    ("2024-05-04T09:00:00Z", "2025-05-06T09:00:00Z", "longer than 366 days"),
    ("1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z", "is before 1970"),
    ("2026-02-30T00:00:00Z", END, "is not an RFC 3339 time"),
]


@pytest.mark.parametrize(("start", "end", "reason"), TIMES)
def test_a_time_that_cannot_be_is_named_with_line_and_column(
    start: str, end: str, reason: str
) -> None:
    said = refusal(PLAIN, f"{start},{end},phone,1")
    assert "line 2, " in said
    assert reason in said


@pytest.mark.parametrize("written", ["2026-10-25T02:30:00", "2026-03-29T02:30:00"])
def test_a_local_time_that_comes_twice_or_never_is_refused(written: str) -> None:
    said = refusal(PLAIN, f"{written},{END},phone,1", tz=ZoneInfo("Europe/Paris"))
    assert "line 2, start: " in said
    assert "when clocks were set in Europe/Paris; write its offset" in said


@pytest.mark.parametrize("written", ["0", "-1", "0.0000001", "x", ""])
def test_a_row_that_takes_no_time_is_refused(written: str) -> None:
    said = refusal("start,duration_s,device,energy_j", f"{START},{written},phone,1")
    assert "line 2, duration_s: " in said


CELLS = [
    ("device_kind", "tpu", "'tpu' is not one of gpu, cpu"),
    ("scope", "all", "'all' is not one of"),
    ("kind", "dreaming", "'dreaming' is not one of training"),
    ("additive", "yes", "'yes' is neither true nor false"),
    ("error_percent", "-5", "is negative"),
    ("error_percent", "5 %", "is not a decimal number"),
    ("error_percent", "1001", "is more than 1000 %"),
    ("name", "x" * 513, "at most 512 are kept"),
    ("name", "a\udcffb", "is not UTF-8"),
    ("host", "x" * 504, "at most 503 are kept"),
    ("work_samples", "-1", "is negative"),
    ("work_samples", "many", "is not a decimal number"),
    ("quality_top1", "high", "is not a decimal number"),
]


@pytest.mark.parametrize(("column", "written", "reason"), CELLS)
def test_any_other_cell_that_cannot_be_is_named_with_line_and_column(
    column: str, written: str, reason: str
) -> None:
    said = refusal(f"{PLAIN},{column},job", f"{GOOD},{written},j")
    assert f"line 2, {column}: " in said
    assert reason in said


def test_a_row_without_a_device_is_refused() -> None:
    assert "line 2, device: is empty" in refusal(PLAIN, f"{START},{END}, ,1")


def test_a_row_with_too_few_or_too_many_cells_is_refused() -> None:
    said = refusal(PLAIN, f"{START},{END},phone", f"{GOOD},1")
    assert "line 2: has 3 cells where the header has 4" in said
    assert "line 3: has 5 cells where the header has 4" in said


def test_rows_of_one_device_that_overlap_name_each_other() -> None:
    inside = "2026-05-04T09:02:00Z,2026-05-04T09:03:00Z,phone,1"
    behind = "2026-05-04T09:05:00Z,2026-05-04T09:12:00Z,phone,1"
    said = refusal(PLAIN, behind, GOOD, inside)
    assert "line 4, start: overlaps line 3, of the same device" in said
    assert "line 2, start: overlaps line 3, of the same device" in said


def test_a_device_that_changes_its_kind_is_refused() -> None:
    said = refusal(f"{PLAIN},device_kind", f"{GOOD},gpu", f"{LATER},cpu")
    assert "line 3, device_kind: 'cpu' here, but 'gpu' on line 2, for device 'phone'" in said


def test_a_job_that_changes_its_model_is_refused() -> None:
    said = refusal(f"{PLAIN},job,model", f"{GOOD},j,a", f"{LATER},j,b")
    assert "line 3, model: 'b' here, but 'a' on line 2, for job 'j'" in said


def test_work_without_a_job_is_refused() -> None:
    assert "belong to a job" in refusal(f"{PLAIN},work_samples", f"{GOOD},5")


def test_a_device_that_is_shown_beside_can_have_no_job() -> None:
    said = refusal(f"{PLAIN},additive,job", f"{GOOD},false,j")
    assert "line 2, additive: " in said


def test_a_point_is_refused_where_numbers_have_a_decimal_comma() -> None:
    said = refusal(PLAIN, f"{START},{END},phone,1.5", decimal=",")
    assert "'1.5' has a point" in said


def test_a_quote_that_is_never_closed_is_refused() -> None:
    assert "line 3: is no CSV" in refusal(PLAIN, GOOD, f'{START},{END},"phone,1')


def test_an_empty_file_and_one_without_rows_are_refused() -> None:
    assert "the file is empty" in refusal("")
    assert "there is no row" in refusal(PLAIN)


def test_all_faults_are_told_and_of_many_the_first_twenty() -> None:
    said = refusal(PLAIN, *([f"{START},{END},phone,-1"] * 45)).splitlines()
    assert (len(said), said[0]) == (22, "nothing was imported")
    assert [line.split(",")[0].strip() for line in said[1:21]] == [
        f"line {line}" for line in range(2, 22)
    ]
    assert said[21].strip() == "... and 25 more"


def test_a_file_of_more_windows_than_can_be_kept_is_refused() -> None:
    years = [f"2025-05-04T00:00:00Z,2026-05-05T00:00:00Z,{name},1" for name in range(15)]
    assert "line 16: more than 500,000 rows or quarter hours; split the file" in refusal(
        PLAIN, *years
    )
