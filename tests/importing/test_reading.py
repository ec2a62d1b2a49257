"""What a file of readings says."""

from zoneinfo import ZoneInfo

import pytest
from tests.importing.files import readings

from joulebook.wire import parse_time

START, END = "2026-05-04T09:00:00Z", "2026-05-04T09:00:04Z"
PLAIN = "start,end,device,energy_j"
OF_JOBS = f"{PLAIN},job,model,work_samples,quality_top1"


def row(start: int, energy: str = "1", rest: str = "", device: str = "phone") -> str:
    """A row of ten minutes from a minute of nine o'clock on."""
    return f"2026-05-04T09:{start:02}:00Z,2026-05-04T09:{start + 10:02}:00Z,{device},{energy}{rest}"


AMOUNTS = [
    ("energy_uj", "10000000", 10_000_000),
    ("energy_j", "10.000001", 10_000_001),
    ("energy_wh", "0.0001", 360_000),
    ("energy_kwh", "1e-7", 360_000),
    ("power_w", "2.5", 10_000_000),
    ("energy_j", "0", 0),
    ("energy_uj", "+2.5", 2),
    ("energy_uj", "3.5", 4),
    ("energy_j", ".5", 500_000),
    ("power_w", "0.3333333333", 1_333_333),
]


@pytest.mark.parametrize(("column", "written", "energy_uj"), AMOUNTS)
def test_energy_is_converted_exactly_and_rounded_once(
    column: str, written: str, energy_uj: int
) -> None:
    (told,) = readings(f"start,end,device,{column}", f"{START},{END},phone,{written}").rows
    assert told.energy_uj == energy_uj


def test_a_large_energy_keeps_every_digit() -> None:
    header = "start,end,device,energy_kwh"
    month = "2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,rack,12345.678901234567"
    assert readings(header, month).rows[0].energy_uj == 44_444_444_044_444_441


def test_a_duration_stands_for_an_end() -> None:
    by_end = readings(PLAIN, f"{START},{END},phone,1").rows[0]
    by_length = readings("start,duration_s,device,energy_j", f"{START},4,phone,1").rows[0]
    assert (by_end.start_us, by_end.end_us) == (by_length.start_us, by_length.end_us)


def test_columns_may_come_in_any_order() -> None:
    (told,) = readings("device,energy_j,end,start", f"phone,1,{END},{START}").rows
    assert told.end_us - told.start_us == 4_000_000


def test_columns_of_ones_own_are_ignored() -> None:
    assert len(readings(f"{PLAIN},x_mood", f"{START},{END},phone,1,good").rows) == 1


def test_an_offset_counts() -> None:
    (told,) = readings(PLAIN, f"2026-05-04T11:00:00+02:00,{END},phone,1").rows
    assert told.start_us == parse_time("start", START)


def test_a_local_time_is_one_of_the_zone_that_is_named() -> None:
    written = "2026-05-04 11:00:00,2026-05-04T11:00:04,phone,1"
    (told,) = readings(PLAIN, written, tz=ZoneInfo("Europe/Paris")).rows
    assert told.start_us == parse_time("start", START)


def test_a_time_long_past_is_fine() -> None:
    (told,) = readings(PLAIN, "1999-01-01T00:00:00Z,1999-01-01T01:00:00Z,phone,1").rows
    assert told.start_us == parse_time("start", "1999-01-01T00:00:00Z")


def test_rows_are_told_by_device_and_time_whatever_their_order() -> None:
    told = readings(PLAIN, row(20), row(0, device="b"), row(10), row(0)).rows
    assert [one.line for one in told] == [3, 5, 4, 2]


def test_blank_lines_are_no_rows() -> None:
    assert [one.line for one in readings(PLAIN, "", row(0), ",,,").rows] == [3]


def test_a_cell_in_quotes_may_hold_several_lines() -> None:
    told = readings(f"{PLAIN},name", row(0, rest=',"two\nlines"'), row(10, rest=",")).rows
    assert [one.line for one in told] == [2, 4]


def test_the_rows_of_a_job_add_up_to_one_record() -> None:
    told = readings(OF_JOBS, row(20, rest=",j,m,0.1,0.7"), row(0, rest=",j,,0.2,0.9")).rows
    job = told[0].job
    assert job is not None
    assert job is told[1].job
    assert (job.start_us, job.end_us) == (told[0].start_us, told[1].end_us)
    assert {unit: float(amount) for unit, amount in job.work.items()} == {"samples": 0.3}


def test_of_several_scores_that_of_the_last_row_in_time_counts() -> None:
    told = readings(OF_JOBS, row(20, rest=",j,,,0.7"), row(0, rest=",j,,,0.9")).rows
    assert told[0].job is not None
    assert told[0].job.quality["top1"][1] == 0.7


def test_rows_with_the_same_labels_and_no_uid_are_one_job() -> None:
    told = readings(OF_JOBS, row(0, rest=",,m,1,"), row(10, rest=",,m,1,"), row(20, rest=",,n,,"))
    uids = [one.job.uid for one in told.rows if one.job]
    assert uids[0] == uids[1] != uids[2]
    assert uids[0].startswith("import:")


def test_a_row_without_labels_has_no_job() -> None:
    assert readings(OF_JOBS, row(0, rest=",,,,")).rows[0].job is None


def test_a_stated_error_is_rounded_up() -> None:
    (told,) = readings("start,end,device,energy_uj,error_percent", f"{START},{END},p,101,5").rows
    assert told.error_uj == 6


def test_an_error_of_0_is_taken_where_it_is_stated() -> None:
    told = readings(f"{PLAIN},error_percent", f"{START},{END},phone,1,0")
    assert (told.rows[0].error_uj, told.assumed) == (0, 0)


def test_where_no_error_is_stated_a_wide_one_is_assumed_and_counted() -> None:
    told = readings(f"{PLAIN},error_percent", row(0, rest=","), row(10, rest=",2"))
    assert ([one.error_uj for one in told.rows], told.assumed) == ([600_000, 20_000], 1)


HOSTS = [("", None, "phone"), ("", "lab", "lab"), ("board-1", "lab", "board-1")]


@pytest.mark.parametrize(("cell", "flag", "host"), HOSTS)
def test_a_device_belongs_to_the_host_of_its_row_or_of_the_command_or_to_itself(
    cell: str, flag: str | None, host: str
) -> None:
    (told,) = readings(f"{PLAIN},host", f"{START},{END},phone,1,{cell}", host=flag).rows
    assert told.device.host == host


def test_what_is_stated_of_a_device_counts_for_all_its_rows() -> None:
    header = f"{PLAIN},device_kind,device_name,additive"
    told = readings(header, row(0, rest=",,,"), row(10, rest=",gpu,A card,FALSE"))
    sensor = told.rows[0].device.sensor()
    assert (sensor.kind, sensor.scope, sensor.name, sensor.additive) == (
        *("gpu", "gpu", "A card"),
        False,
    )


def test_a_device_of_which_nothing_is_stated_is_of_another_kind_and_adds_up() -> None:
    sensor = readings(PLAIN, row(0)).rows[0].device.sensor()
    assert (sensor.kind, sensor.scope, sensor.name, sensor.additive, sensor.method) == (
        *("other", "other", "phone"),
        True,
        "external",
    )


def test_devices_may_be_measured_at_the_same_time() -> None:
    assert len(readings(PLAIN, row(0), row(0, device="b")).rows) == 2


def test_a_decimal_comma_is_read_where_it_is_said() -> None:
    written = f"{START};{END};phone;1,5"
    (told,) = readings(PLAIN.replace(",", ";"), written, delimiter=";", decimal=",").rows
    assert told.energy_uj == 1_500_000
