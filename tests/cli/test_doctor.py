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
    assert "±60 %" in done.stdout


def test_the_power_now_is_told_by_two_looks_at_a_counter(
    joulebook: Command, tmp_path: Path, trees: list[str]
) -> None:
    estimated = json.loads(
        joulebook("doctor", "--json", "--sysfs-root", str(tmp_path / "no")).stdout
    )
    assert estimated["devices"][-1]["power_mw"] > 0
    still = json.loads(joulebook("doctor", "--json", *trees).stdout)
    assert still["devices"][0]["power_mw"] is None  # it did not move: that is not 0 W


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
