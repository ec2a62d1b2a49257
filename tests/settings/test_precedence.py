import os
from pathlib import Path

import pytest
from tests.settings.conftest import Write
from tests.settings.examples import GOOD, read_alone, value_of, variable_of

from joulebook.settings import Labels, load


def test_without_anything_the_defaults_hold(environ: dict[str, str]) -> None:
    settings = load(environ=environ)
    assert (settings.server, settings.zone, settings.pue) == (None, None, "1")
    assert (settings.window_s, settings.sample_s, settings.cpu_tdp_w) == (10.0, 0.5, None)
    assert settings.procfs_root == Path("/proc")
    assert settings.labels == Labels()
    assert set(settings.origins.values()) == {"default"}


@pytest.mark.parametrize("key", GOOD)
def test_the_command_line_wins(key: str, environ: dict[str, str], write: Write) -> None:
    flag, variable, line = GOOD[key]
    write(f'{key} = "{line}"')
    settings = load({key: flag}, environ=environ | {variable_of(key): variable})
    assert value_of(settings, key) == read_alone(key, flag)
    assert settings.origins[key] == "command line"


@pytest.mark.parametrize("key", GOOD)
def test_the_environment_wins_over_the_file(
    key: str, environ: dict[str, str], write: Write
) -> None:
    _, variable, line = GOOD[key]
    write(f'{key} = "{line}"')
    settings = load({key: None}, environ=environ | {variable_of(key): variable})
    assert value_of(settings, key) == read_alone(key, variable)
    assert settings.origins[key] == f"environment {variable_of(key)}"


@pytest.mark.parametrize("key", GOOD)
def test_the_file_wins_over_the_default(key: str, environ: dict[str, str], write: Write) -> None:
    path = write(f'{key} = "{GOOD[key][2]}"')
    settings = load(environ=environ)
    assert value_of(settings, key) == read_alone(key, GOOD[key][2])
    assert settings.origins[key] == f"file {path}"


def test_every_key_is_tried_here() -> None:
    assert set(GOOD) == set(load(environ={"HOME": "/home/x"}).origins)


def test_a_number_in_the_file_keeps_its_digits(environ: dict[str, str], write: Write) -> None:
    write("pue = 1.10\nwindow_s = 3")
    settings = load(environ=environ)
    assert (settings.pue, settings.window_s) == ("1.10", 3.0)


def test_an_empty_variable_is_not_set(environ: dict[str, str], write: Write) -> None:
    write('zone = "FR"')
    assert load(environ=environ | {"JOULEBOOK_ZONE": ""}).zone == "FR"


def test_a_zone_may_be_written_small(environ: dict[str, str]) -> None:
    assert load({"zone": "us-ca"}, environ=environ).zone == "US-CA"


@pytest.mark.parametrize("text", ["http://a:9400", "http://a:9400/", "http://a:9400/metrics"])
def test_an_exporter_without_a_path_is_asked_for_its_metrics(
    environ: dict[str, str], text: str
) -> None:
    assert load({"exporter_url": text}, environ=environ).exporter_url == "http://a:9400/metrics"


def test_an_exporter_keeps_the_path_that_it_is_given(environ: dict[str, str]) -> None:
    settings = load({"exporter_url": "https://a/gpu/metrics/"}, environ=environ)
    assert settings.exporter_url == "https://a/gpu/metrics/"


def test_the_named_file_is_read_instead(
    environ: dict[str, str], folder: Path, write: Write
) -> None:
    write('zone = "FR"')
    other = folder / "other.toml"
    other.write_text('zone = "DE"')
    assert load(environ=environ | {"JOULEBOOK_CONFIG": str(other)}).zone == "DE"


def test_the_file_of_the_home_folder_is_read(environ: dict[str, str], folder: Path) -> None:
    path = folder / "home" / ".config" / "joulebook" / "joulebook.toml"
    path.parent.mkdir(parents=True)
    path.write_text('zone = "DE"')
    settings = load(environ=environ)
    assert (settings.zone, settings.origins["zone"]) == ("DE", f"file {path}")


def test_state_lies_in_the_home_folder(environ: dict[str, str], folder: Path) -> None:
    assert load(environ=environ).state_dir == folder / "home/.local/state/joulebook"


def test_state_lies_where_the_system_says(environ: dict[str, str]) -> None:
    settings = load(environ=environ | {"XDG_STATE_HOME": "/var/state"})
    assert settings.state_dir == Path("/var/state/joulebook")


def test_a_relative_folder_stays_where_it_is_when_the_job_moves(
    environ: dict[str, str], folder: Path
) -> None:
    assert load({"state_dir": "kept"}, environ=environ).state_dir == folder / "kept"


def test_the_environment_of_the_process_is_read(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("JOULEBOOK_")]:  # noqa: TID251 - cleared for the test
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("JOULEBOOK_ZONE", "PL")
    assert load().zone == "PL"
