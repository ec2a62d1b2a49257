import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def trees(tmp_path: Path) -> list[str]:
    """Flags for a recorded machine: one package with core, and memory."""
    zone = tmp_path / "sys" / "class" / "powercap" / "intel-rapl:0"
    core = zone / "intel-rapl:0:0"
    for folder, name in ((zone, "package-0"), (core, "core")):
        folder.mkdir(parents=True)
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text("5000000\n")
        (folder / "max_energy_range_uj").write_text("262143328850\n")
    return ["--sysfs-root", str(tmp_path / "sys")]


def test_json_tells_devices_dropped_zones_jobs_and_settings(
    joulebook: Command, trees: list[str]
) -> None:
    told = json.loads(joulebook("doctor", "--json", *trees).stdout)
    (package,) = [device for device in told["devices"] if device["scope"] == "package"]
    assert package["method"] == "counter"
    assert package["energy_uj"] == 5_000_000
    assert package["range_uj"] == 262_143_328_850
    assert package["problem"] is None
    assert [dropped["path"].rsplit("/", 1)[-1] for dropped in told["dropped"]] == ["intel-rapl:0:0"]
    assert told["jobs"] == []
    assert told["settings"]["sysfs_root"]["origin"] == "command line"


def test_a_machine_with_no_counter_is_estimated_and_says_how_wide_the_error_is(
    joulebook: Command, tmp_path: Path
) -> None:
    done = joulebook("doctor", "--sysfs-root", str(tmp_path))
    assert "estimated" in done.stdout
    # By averages per CPU, or by the TDP of a model that the packaged table knows.
    assert "±60 %" in done.stdout or "±50 %" in done.stdout


def test_the_power_now_is_told_by_two_looks_at_a_counter(
    joulebook: Command, tmp_path: Path, trees: list[str]
) -> None:
    estimated = json.loads(
        joulebook("doctor", "--json", "--sysfs-root", str(tmp_path / "no")).stdout
    )
    assert estimated["devices"][-1]["power_mw"] > 0
    still = json.loads(joulebook("doctor", "--json", *trees).stdout)
    assert still["devices"][0]["power_mw"] is None  # it did not move: that is not 0 W


def test_a_kind_of_sensor_that_is_not_here_says_what_would_bring_it(
    joulebook: Command, tmp_path: Path
) -> None:
    told = json.loads(joulebook("doctor", "--json", "--sysfs-root", str(tmp_path)).stdout)
    assert "modprobe intel_rapl_msr" in told["absent"]["rapl"]
    done = joulebook("doctor", "--sysfs-root", str(tmp_path))
    assert "not here, rapl: there is no" in done.stdout


def test_a_recorded_tree_that_is_not_there_is_named(joulebook: Command, tmp_path: Path) -> None:
    done = joulebook("doctor", "--sysfs-root", str(tmp_path / "no"))
    assert f"there is no folder {tmp_path / 'no'}" in done.stdout


def test_a_terminal_without_our_signs_gets_an_answer(joulebook: Command) -> None:
    done = joulebook("doctor", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="POSIX")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_token_is_never_shown(joulebook: Command) -> None:
    done = joulebook("doctor", JOULEBOOK_TOKEN="jb_secret")  # noqa: S106 - not a real one
    assert "jb_secret" not in done.stdout + done.stderr
    assert "set" in done.stdout


def test_an_unknown_setting_is_an_error_that_names_the_nearest(joulebook: Command) -> None:
    done = joulebook("doctor", JOULEBOOK_ZOEN="FR")
    assert done.returncode == 1
    assert "JOULEBOOK_ZONE" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_fits_a_narrow_terminal_but_for_words_that_cannot_be_cut(
    joulebook: Command, tmp_path: Path
) -> None:
    done = joulebook("doctor", "--sysfs-root", str(tmp_path), COLUMNS="40")
    lines = [line for line in done.stdout.splitlines() if "  " in line]
    assert any(line.startswith("method  estimated") for line in lines)


def test_a_state_folder_that_can_be_used_is_no_problem_and_is_not_made(
    joulebook: Command, environment: dict[str, str]
) -> None:
    told = json.loads(joulebook("doctor", "--json").stdout)
    state = environment["JOULEBOOK_STATE_DIR"]
    assert told["state_dir"] == {"path": state, "problem": None}
    assert [spool["problem"] for spool in told["spools"]] == [None, None]
    assert not Path(state).exists()


@pytest.mark.parametrize("place", ["/proc/sys", "/proc/sys/joulebook"])  # read-only for root too
def test_a_state_folder_that_cannot_be_written_is_named(joulebook: Command, place: str) -> None:
    told = json.loads(joulebook("doctor", "--json", JOULEBOOK_STATE_DIR=place).stdout)
    assert f"cannot write the state folder {place}: " in told["state_dir"]["problem"]
    done = joulebook("doctor", JOULEBOOK_STATE_DIR=place)
    assert f"nothing can be kept: {told['state_dir']['problem']}" in done.stdout


def test_a_state_folder_that_cannot_be_read_leaves_what_waits_unknown(
    joulebook: Command, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    place = str(tmp_path / "file")
    told = json.loads(joulebook("doctor", "--json", JOULEBOOK_STATE_DIR=place).stdout)
    assert "Not a directory" in told["state_dir"]["problem"]
    assert [spool["waiting"] for spool in told["spools"]] == [None, None]
    done = joulebook("doctor", JOULEBOOK_STATE_DIR=place)
    assert done.returncode == 0
    assert "unsent: unknown, cannot read the state folder" in done.stdout
    assert "JOULEBOOK_STATE_DIR" in done.stdout


def test_a_damaged_ledger_is_named_and_kept(
    joulebook: Command, environment: dict[str, str]
) -> None:
    host = json.loads(joulebook("doctor", "--json").stdout)["host"]["id"]
    ledger = Path(environment["JOULEBOOK_STATE_DIR"]) / f"tracker-{host}.db"
    ledger.parent.mkdir()
    ledger.write_bytes(b"no database" * 1000)
    first, second = joulebook("doctor"), joulebook("doctor", "--json")
    (kept,) = ledger.parent.glob("*.damaged-*")
    assert str(kept) in first.stdout
    damaged = {one["role"]: one["damaged"] for one in json.loads(second.stdout)["spools"]}
    assert damaged == {"agent": [], "tracker": [str(kept)]}
