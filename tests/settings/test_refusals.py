import subprocess
import sys
from pathlib import Path

import pytest
from tests.settings.conftest import Write
from tests.settings.examples import BAD, value_of, variable_of

from joulebook.errors import SettingsError
from joulebook.settings import load


@pytest.mark.parametrize(
    ("written", "nearest"),
    [("JOULEBOOK_ZONES", "JOULEBOOK_ZONE"), ("JOULEBOOK_WINDOW", "JOULEBOOK_WINDOW_S")],
)
def test_an_unknown_variable_names_the_nearest(
    environ: dict[str, str], written: str, nearest: str
) -> None:
    with pytest.raises(SettingsError, match=rf"{written} .* did you mean {nearest}\?"):
        load(environ=environ | {written: "x"})


def test_an_unknown_key_of_the_file_names_the_nearest(
    environ: dict[str, str], write: Write
) -> None:
    path = write('sever = "http://a"')
    with pytest.raises(SettingsError, match=rf"sever in file {path}; did you mean server\?"):
        load(environ=environ)


@pytest.mark.parametrize("name", ["JOULEBOOK_SERVER_PORT", "JOULEBOOK_TEST_X", "PATH"])
def test_variables_of_others_are_leftread_alone(environ: dict[str, str], name: str) -> None:
    assert load(environ=environ | {name: "1"}).warnings == ()


def test_the_servers_table_is_leftread_alone(environ: dict[str, str], write: Write) -> None:
    write('zone = "FR"\n[joulebook-server]\nport = 1')
    assert load(environ=environ).zone == "FR"


def test_a_lenient_reader_warns_of_the_unknown_and_reads_the_rest(
    environ: dict[str, str],
) -> None:
    named = environ | {"JOULEBOOK_ZON": "DE", "JOULEBOOK_ZONE": "FR"}
    settings = load(environ=named, strict=False)
    assert settings.zone == "FR"
    assert [("JOULEBOOK_ZON " in text) for text in settings.warnings] == [True]


@pytest.mark.parametrize(("key", "text"), [(key, text) for key in BAD for text in BAD[key]])
def test_a_bad_value_names_its_key_and_origin(environ: dict[str, str], key: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{key} \(environment {variable_of(key)}\) "):
        load(environ=environ | {variable_of(key): text})


@pytest.mark.parametrize("key", BAD)
def test_a_lenient_reader_keeps_the_default_for_a_badvalue_of(
    environ: dict[str, str], key: str
) -> None:
    settings = load(environ=environ | {variable_of(key): BAD[key][0]}, strict=False)
    assert value_of(settings, key) == value_of(load(environ=environ), key)
    assert settings.origins[key] == "default"
    assert len(settings.warnings) == 1


@pytest.mark.parametrize("line", ["true", "[1]", "{a = 1}", "2026-11-23"])
def test_a_value_of_the_file_that_is_no_text_or_number_is_refused(
    environ: dict[str, str], write: Write, line: str
) -> None:
    write(f"model = {line}")
    with pytest.raises(SettingsError, match="must be one text or number"):
        load(environ=environ)


@pytest.mark.parametrize("content", [b"zone = FR", b'zone = "\xff"', b"[[["])
def test_a_file_that_is_no_toml_is_refused_by_name(
    environ: dict[str, str], folder: Path, content: bytes
) -> None:
    (folder / "joulebook.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"joulebook\.toml is not TOML"):
        load(environ=environ)


def test_a_named_file_that_is_missing_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"cannot read the file /none\.toml"):
        load(environ=environ | {"JOULEBOOK_CONFIG": "/none.toml"})


def test_a_lenient_reader_goes_on_without_the_file(environ: dict[str, str], write: Write) -> None:
    write("[[[")
    settings = load(environ=environ | {"JOULEBOOK_ZONE": "FR"}, strict=False)
    assert (settings.zone, len(settings.warnings)) == ("FR", 1)


def test_a_current_folder_that_was_removed_stops_nobody(folder: Path) -> None:
    gone = folder / "gone"
    gone.mkdir()
    program = (
        "import os; os.rmdir(os.getcwd()); from joulebook.settings import load;"
        "print(load(environ={'HOME': '/home/x', 'JOULEBOOK_CONFIG': 'a.toml'}, strict=False).pue)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=gone, capture_output=True, text=True, check=True
    )
    assert done.stdout == "1\n"
