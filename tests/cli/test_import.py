"""`joulebook import`, without a server."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from joulebook.importing.columns import KNOWN, QUALITY, WORK

Command = Callable[..., subprocess.CompletedProcess[str]]

DOCUMENT = Path(__file__).parents[2] / "docs" / "import.md"
HEADER = "start,end,device,energy_j"
ROW = "2026-05-04T09:00:00Z,2026-05-04T09:10:00Z,phone,1.5"


@pytest.fixture
def example(tmp_path: Path) -> str:
    """The example of the document, as a file."""
    (block,) = re.findall(r"```csv\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "readings.csv").write_text(block, encoding="utf-8")
    return "readings.csv"


@pytest.fixture
def plain(tmp_path: Path) -> str:
    """A file of one row."""
    (tmp_path / "plain.csv").write_text(f"{HEADER}\n{ROW}\n", encoding="utf-8")
    return "plain.csv"


def told(done: subprocess.CompletedProcess[str]) -> Any:  # noqa: ANN401 - whatever JSON it prints
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def report(joulebook: Command, keys: str) -> dict[str, Any]:
    found: dict[str, Any] = told(joulebook("report", "--json", "--group-by", keys))
    return found


def test_the_example_of_the_document_is_imported(joulebook: Command, example: str) -> None:
    said = told(joulebook("import", example, "--json"))
    assert (said["rows"], said["energy_uj"]) == (3, str(1_847_250_000))
    (job,) = said["jobs"]
    assert (job["job"], job["work"], job["quality"]) == (
        *("phone-int8", {"images": 7500.0}),
        {"top1": 0.72},
    )


def test_the_document_names_every_column() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_]+)`", text))
    assert set(KNOWN) <= named
    assert {f"{WORK}UNIT", f"{QUALITY}METRIC"} <= set(re.findall(r"`(\w+)`", text))


def test_the_local_report_shows_it_as_external(joulebook: Command, example: str) -> None:
    joulebook("import", example)
    rows = {row["job"]: row for row in report(joulebook, "job,model,variant")["rows"]}
    row = rows["phone-int8"]
    assert (row["model"], row["variant"], row["methods"]) == (
        *("mobilenet", "int8"),
        {"external": 1.0},
    )
    assert row["uncertainty_kwh"] == pytest.approx(0.08 * row["energy_kwh"])


def test_a_file_that_is_imported_twice_counts_once(joulebook: Command, example: str) -> None:
    first = told(joulebook("import", example, "--json"))
    again = told(joulebook("import", example, "--json"))
    assert [(one["new_batches"], one["duplicate"]) for one in (first, again)] == [
        (1, False),
        (0, True),
    ]
    assert report(joulebook, "bucket")["totals"]["energy_uj"] == first["energy_uj"]


def test_a_file_that_repeats_an_earlier_one_adds_only_what_is_new(
    joulebook: Command, example: str, tmp_path: Path
) -> None:
    joulebook("import", example)
    longer = (tmp_path / example).read_text(encoding="utf-8") + (
        "2026-05-05T09:00:00+02:00,2026-05-05T09:10:00+02:00,pixel-8,,100,8,,,,,,,\n"
    )
    (tmp_path / example).write_text(longer, encoding="utf-8")
    said = told(joulebook("import", example, "--json"))
    assert said["energy_uj"] == str(1_947_250_000)
    assert report(joulebook, "bucket")["totals"]["energy_uj"] == said["energy_uj"]


def test_a_second_import_says_that_nothing_is_new(joulebook: Command, plain: str) -> None:
    assert "kept in " in joulebook("import", plain).stdout
    assert "nothing new" in joulebook("import", plain).stdout


def test_a_dry_run_tells_all_and_keeps_nothing(
    joulebook: Command, example: str, tmp_path: Path
) -> None:
    done = joulebook("import", example, "--dry-run")
    assert "nothing was kept" in done.stdout
    assert "phone-int8" in done.stdout
    assert not (tmp_path / "state").exists()


def test_it_says_what_it_assumes_and_what_it_cannot_tell(joulebook: Command, plain: str) -> None:
    said = joulebook("import", plain).stdout
    assert "±60 % is assumed where no error is stated: rows 1" in said
    assert "1.50 J has no job: booked as unknown" in " ".join(said.replace("\u2009", " ").split())
    assert "no grid zone is known" in said


def test_a_file_with_faults_is_refused_whole(
    joulebook: Command, plain: str, tmp_path: Path
) -> None:
    with (tmp_path / plain).open("a", encoding="utf-8") as file:
        file.write("2026-05-04T10:00:00Z,2026-05-04T09:10:00Z,phone,-1\n")
    done = joulebook("import", plain)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "joulebook: nothing was imported",
        "  line 3, end: is not after the start",
        "  line 3, energy_j: '-1' is negative",
    ]
    assert not (tmp_path / "state").exists()


ENCODED = {
    "a byte order mark and line ends of Windows": f"\ufeff{HEADER}\r\n{ROW}\r\n".encode(),
    "no line end at its end": f"{HEADER}\n{ROW}".encode(),
    "line ends of an old Mac": f"{HEADER}\r{ROW}\r".encode(),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED.keys())
def test_a_file_may_have(joulebook: Command, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.csv").write_bytes(content)
    assert told(joulebook("import", "file.csv", "--json"))["energy_uj"] == "1500000"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_that_is_not_utf_8_says_so(
    joulebook: Command, tmp_path: Path, encoding: str
) -> None:
    text = f"{HEADER},name\n{ROW},Téléphone\n"
    (tmp_path / "file.csv").write_bytes(text.encode(encoding))
    done = joulebook("import", "file.csv")
    assert done.returncode == 1
    assert "is not UTF-8; save the file as CSV UTF-8" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spreadsheet_with_decimal_commas_is_read_where_it_is_said(
    joulebook: Command, tmp_path: Path
) -> None:
    text = f"{HEADER}\n{ROW}\n".replace(",", ";").replace("1.5", "1,5")
    (tmp_path / "file.csv").write_text(text, encoding="utf-8")
    assert "say --delimiter ';'" in joulebook("import", "file.csv").stderr
    words = ("--delimiter", ";", "--decimal", ",", "--json")
    assert told(joulebook("import", "file.csv", *words))["energy_uj"] == "1500000"


def test_local_times_are_read_with_their_zone(joulebook: Command, tmp_path: Path) -> None:
    text = f"{HEADER}\n{ROW}\n".replace("Z", "")
    (tmp_path / "file.csv").write_text(text, encoding="utf-8")
    assert "--tz" in joulebook("import", "file.csv").stderr
    said = told(joulebook("import", "file.csv", "--tz", "UTC", "--json"))
    assert said["from"] == "2026-05-04T09:00:00.000000Z"


@pytest.mark.parametrize("zone", ["Nowhere/Town", "../etc", "Europe"])
def test_a_time_zone_that_is_not_known_is_named(joulebook: Command, plain: str, zone: str) -> None:
    done = joulebook("import", plain, "--tz", zone)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert f"no time zone {zone!r} here" in done.stderr


def test_standard_input_is_read(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "joulebook", "import", "-", "--host", "lab", "--json"],
        env=environment,
        input=f"{HEADER}\n{ROW}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told(done)["devices"][0]["host"] == "lab"


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_cannot_be_read_is_one_clear_line(joulebook: Command, name: str) -> None:
    done = joulebook("import", name)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert f"cannot read {name}: " in done.stderr


def test_a_state_folder_that_cannot_be_used_is_one_clear_line(
    joulebook: Command, plain: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = joulebook("import", plain, JOULEBOOK_STATE_DIR=str(tmp_path / "file"))
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "JOULEBOOK_STATE_DIR" in done.stderr
