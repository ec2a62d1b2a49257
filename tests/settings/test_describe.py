import re
from pathlib import Path

import pytest
from tests.settings.examples import GOOD, variable_of

from joulebook.errors import SettingsError
from joulebook.settings import describe, load

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_token_is_never_shown(environ: dict[str, str]) -> None:
    settings = load({"token": "hush-hush"}, environ=environ)
    assert "hush" not in repr(settings) + repr(describe(settings))
    assert describe(settings)["token"] == {"value": "set", "origin": "command line"}


def test_the_proxys_password_is_never_shown(environ: dict[str, str]) -> None:
    settings = load({"proxy": "http://somebody:hush@proxy:3128"}, environ=environ)
    told = describe(settings)["proxy"]["value"]
    assert told == "http://***@proxy:3128"
    assert "hush" not in repr(settings)


def test_a_proxy_without_a_password_is_shown_as_it_is(environ: dict[str, str]) -> None:
    settings = load({"proxy": "http://[::1]:3128/"}, environ=environ)
    assert describe(settings)["proxy"]["value"] == "http://[::1]:3128"


def test_a_missing_token_is_told(environ: dict[str, str]) -> None:
    assert describe(load(environ=environ))["token"] == {"value": None, "origin": "default"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("token", "hush hush"),
        ("server", "http://u:hush@a"),
        ("exporter_url", "http://u:hush@a"),
        ("proxy", "https://u:hush@a:3128"),
        ("proxy", "http://u:hush/1@a:3128"),
    ],
)
def test_a_refused_secret_is_not_repeated(environ: dict[str, str], key: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({key: text}, environ=environ)
    assert "hush" not in str(caught.value)


def test_describe_tells_every_value_as_plain_data(environ: dict[str, str]) -> None:
    told = describe(load({"zone": "FR", "model": "m"}, environ=environ))
    assert told["zone"] == {"value": "FR", "origin": "command line"}
    assert told["model"] == {"value": "m", "origin": "command line"}
    assert told["sysfs_root"] == {"value": "/sys", "origin": "default"}


@pytest.mark.parametrize("key", GOOD)
def test_every_setting_is_documented_with_its_variable(key: str) -> None:
    assert f"| `{key}` | `{variable_of(key)}` |" in DOCS.read_text()


def test_nothing_is_documented_that_is_not_there() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `JOULEBOOK_(?!SERVER_)", DOCS.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted(GOOD)
