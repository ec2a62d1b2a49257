"""Puts the settings together, and tells what is in force."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joulebook.errors import SettingsError
from joulebook.settings import sockets
from joulebook.settings.proxies import without_secret
from joulebook.settings.records import DEFAULT, Labels, Settings
from joulebook.settings.sources import Given, Report, gather, home
from joulebook.settings.values import LABEL_READERS, READERS, SETTING_READERS, switch

_MAY_HOLD_SECRETS = ("token", "server", "proxy", "exporter_url", "serving_url")  # a refused URL can


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    strict: bool = True,
) -> Settings:
    """Read all settings once.

    Args:
        flags: Values from the command line by key; None means not given.
        environ: The environment; this process's where it is left out.
        strict: Whether what is not understood is an error. The tracker reads with False: a
            warning, and the default instead, so no job dies of our configuration.

    Raises:
        SettingsError: An unknown key, with the nearest known one, or a value that cannot be
            read, with what is accepted. Only when strict.
    """
    if environ is None:
        environ = os.environ  # noqa: TID251 - the one place that reads it
    warnings: list[str] = []
    report = _refuse if strict else warnings.append
    given = gather(flags or {}, environ, report)
    values = _read(given, report)
    settings: dict[str, Any] = {
        "state_dir": _state_dir(environ),
        "agent_socket": sockets.own(environ),
    }
    settings.update((key, values[key]) for key in SETTING_READERS if key in values)
    labels: dict[str, Any] = {key: values[key] for key in LABEL_READERS if key in values}
    return Settings(
        **settings,
        labels=Labels(**labels),
        origins={key: given[key].origin if key in values else DEFAULT for key in READERS},
        warnings=tuple(warnings),
        journal=_to_journal(environ),
    )


def describe(settings: Settings) -> dict[str, dict[str, object]]:
    """Every key with the value in force and where it came from, without any secret."""
    return {
        key: {"value": _shown(settings, key), "origin": settings.origins.get(key, DEFAULT)}
        for key in READERS
    }


def _shown(settings: Settings, key: str) -> object:
    value = getattr(settings.labels if key in LABEL_READERS else settings, key)
    if key == "token":
        return None if value is None else "set"
    if key == "proxy" and isinstance(value, str):
        return without_secret(value)
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or None
    return str(value) if isinstance(value, Path) else value


def _read(given: Mapping[str, Given], report: Report) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, one in given.items():
        try:
            values[key] = READERS[key](_text(one.value, yes_or_no=READERS[key] is switch))
        except ValueError as error:
            was = "" if key in _MAY_HOLD_SECRETS else f", not {str(one.value)!r:.80}"
            report(f"{key} ({one.origin}) {error}{was}")
    return values


def _text(value: object, *, yes_or_no: bool) -> str:
    if yes_or_no and isinstance(value, bool):
        return str(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Path):
        raise ValueError("must be one text or number")  # noqa: TRY004 - reported like the others
    return str(value)


def _refuse(message: str) -> None:
    raise SettingsError(message)


def _to_journal(environ: Mapping[str, str]) -> bool:
    """Whether journald reads what we log: it names the stream that it gave us (systemd.exec(5))."""
    try:
        stream = os.fstat(2)
    except OSError:  # it was closed
        return False
    return environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def _state_dir(environ: Mapping[str, str]) -> Path:
    """Where state belongs (XDG base directories); without a home, a folder by user id."""
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if state.is_absolute():  # a relative one is to be ignored, says the specification
        return state / "joulebook"
    if own := home(environ):
        return own / ".local" / "state" / "joulebook"
    return Path("/var/tmp") / f"joulebook-{os.getuid()}"  # noqa: S108 - one folder per user
