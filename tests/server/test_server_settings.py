from dataclasses import fields
from pathlib import Path

import pytest

from joulebook_server.errors import CannotStart
from joulebook_server.settings import Settings, load

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    config = tmp_path / "joulebook.toml"
    config.write_text('[joulebook-server]\nport = 1\nzone = "DE"\npue = "1.5"\n')
    environ = {
        "JOULEBOOK_CONFIG": str(config),
        "JOULEBOOK_SERVER_PORT": "2",
        "JOULEBOOK_SERVER_ZONE": "PL",
    }
    settings = load({"port": "3"}, environ)
    assert (settings.port, settings.zone, settings.pue) == (3, "PL", "1.5")


def test_an_agents_keys_in_the_same_file_are_none_of_the_servers_business(tmp_path: Path) -> None:
    config = tmp_path / "joulebook.toml"
    config.write_text('zone = "FR"\n')
    assert load({}, {"JOULEBOOK_CONFIG": str(config), "JOULEBOOK_ZONE": "FR"}).zone is None


def test_the_default_database_lies_in_the_state_folder(tmp_path: Path) -> None:
    settings = load({}, {"XDG_STATE_HOME": str(tmp_path)})
    assert settings.database_url == f"sqlite:///{tmp_path}/joulebook/server.db"


def test_an_unknown_key_names_the_nearest_known_one() -> None:
    with pytest.raises(CannotStart, match="JOULEBOOK_SERVER_ZONE"):
        load({}, {"JOULEBOOK_SERVER_ZOEN": "FR"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("port", "70000"),
        ("port", "many"),
        ("pue", "0.9"),
        ("pue", "1/0"),
        ("max_body_mb", "0"),
        ("transfer_year", "1999"),
        ("transfer_kwh_per_gb", "much"),
        ("transfer_kwh_per_gb", "-1"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_key(key: str, value: str) -> None:
    with pytest.raises(CannotStart, match=key):
        load({key: value}, {})


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    config = tmp_path / "joulebook.toml"
    config.write_text("[joulebook-server\n")
    with pytest.raises(CannotStart, match=r"joulebook\.toml"):
        load({}, {"JOULEBOOK_CONFIG": str(config)})


@pytest.mark.parametrize("key", [field.name for field in fields(Settings)])
def test_every_setting_is_documented(key: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"| `{key}` | `JOULEBOOK_SERVER_{key.upper()}` |" in text


@pytest.mark.parametrize(
    "given",
    [
        {"transfer_kwh_per_gb": "0.01"},
        {"transfer_source": "our carrier"},
        {"transfer_kwh_per_gb": "0.01", "transfer_source": "us", "transfer_year": "2026"},
    ],
)
def test_a_transfer_coefficient_is_one_and_says_where_it_comes_from(given: dict[str, str]) -> None:
    with pytest.raises(CannotStart, match="transfer"):
        load(given, {})
