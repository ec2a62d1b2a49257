import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
BURN = "import time\nt = time.process_time()\nwhile time.process_time() - t < 0.3: pass"


@pytest.fixture
def with_jobs(joulebook: Command) -> Command:
    """Two measured commands in the local ledger."""
    for variant in ("float32", "int8"):
        words = ("--model", "m", "--variant", variant, "--kind", "inference")
        assert joulebook("run", *words, "--", sys.executable, "-c", BURN).returncode == 0
    return joulebook


def test_an_empty_ledger_says_what_to_do(joulebook: Command) -> None:
    done = joulebook("report")
    assert done.returncode == 0
    assert "joulebook run -- CMD" in done.stdout


def test_variants_stand_side_by_side_with_method_and_coverage(with_jobs: Command) -> None:
    lines = with_jobs("report").stdout.splitlines()
    assert lines[0].split() == [
        *("model", "variant", "kind", "energy", "±", "CO2e", "method", "coverage")
    ]
    assert [line.split()[:2] for line in lines[1:4] if line.startswith("m ")] == [
        ["m", "float32"],
        ["m", "int8"],
    ]
    assert any("no CO2e: no grid zone is known" in line for line in lines)


def test_the_total_is_the_sum_of_the_rows(with_jobs: Command) -> None:
    report = json.loads(with_jobs("report", "--json", "--group-by", "job,bucket").stdout)
    total = sum(int(row["energy_uj"]) for row in report["rows"])
    assert total == int(report["totals"]["energy_uj"]) > 0


def test_it_says_what_it_covers_and_what_not(with_jobs: Command) -> None:
    lines = with_jobs("report").stdout.splitlines()
    assert any(line.startswith("covers: ") and "CPU package" in line for line in lines)
    assert any(line.startswith("not covered: ") and "fans" in line for line in lines)


def test_a_zone_gives_emissions_and_their_range(with_jobs: Command) -> None:
    report = json.loads(with_jobs("report", "--json", JOULEBOOK_ZONE="FR").stdout)
    totals = report["totals"]
    assert totals["emissions_low_kg"] < totals["emissions_kg"] < totals["emissions_high_kg"]
    assert all(row["emissions_kg"] >= 0 for row in report["rows"])
    assert report["totals"]["emissions_kg"] > 0


def test_the_zone_that_was_in_force_when_it_was_measured_counts(joulebook: Command) -> None:
    words = (sys.executable, "-c", BURN)
    assert joulebook("run", "--", *words, JOULEBOOK_ZONE="FR").returncode == 0
    report = json.loads(joulebook("report", "--json").stdout)
    assert report["totals"]["emissions_kg"] > 0
    assert all("FR" in factor for factor in report["totals"]["factor_ids"])


def test_a_narrow_terminal_gets_every_figure(with_jobs: Command) -> None:
    done = with_jobs("report", COLUMNS="30")
    assert "coverage  " in done.stdout
    assert "int8" in done.stdout


def test_a_key_that_needs_a_server_is_wrong_usage(joulebook: Command) -> None:
    done = joulebook("report", "--group-by", "host")
    assert done.returncode == 2
    assert "--server" in done.stderr


def test_a_server_that_is_away_is_one_clear_line(joulebook: Command) -> None:
    done = joulebook("report", "--server", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_time_that_cannot_be_read_is_named(joulebook: Command) -> None:
    done = joulebook("report", "--from", "yesterday")
    assert done.returncode == 1
    assert "--from" in done.stderr


def test_a_period_without_windows_is_empty(with_jobs: Command) -> None:
    report = json.loads(with_jobs("report", "--json", "--to", "2020-01-01T00:00:00Z").stdout)
    assert report["rows"] == []


def test_no_key_at_all_is_wrong_usage(joulebook: Command) -> None:
    done = joulebook("report", "--group-by", "")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_damaged_ledger_is_named_and_kept(
    with_jobs: Command, environment: dict[str, str]
) -> None:
    state = Path(environment["JOULEBOOK_STATE_DIR"])
    (ledger,) = state.glob("tracker-*.db")
    for beside in state.glob(f"{ledger.name}-*"):
        beside.unlink()
    ledger.write_bytes(b"no database" * 1000)
    first, second = with_jobs("report"), with_jobs("report")
    assert first.returncode == 1
    assert "damaged" in first.stderr
    assert "Traceback" not in first.stderr
    assert "the damaged ledger" in second.stderr
    (kept,) = state.glob("*.damaged-*")
    assert kept.read_bytes().startswith(b"no database")


@pytest.mark.parametrize("below", ["", "state"])
def test_a_state_folder_that_cannot_be_read_is_an_error(
    joulebook: Command, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("")
    done = joulebook("report", JOULEBOOK_STATE_DIR=str(tmp_path / "file" / below))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert "cannot read the state folder" in line
