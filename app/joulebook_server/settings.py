"""What is set, and where it came from: the server's only reader of environment and file."""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from joulebook.core.transfer import published, stated
from joulebook_server.errors import CannotStart

PREFIX = "JOULEBOOK_SERVER_"
TABLE = "joulebook-server"
_PORTS = 65_535
_MAX_PUE = 10  # a figure above is a slip: no data centre is that wasteful


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the server.

    Attributes:
        host: Address to listen on; only loopback until there is authentication.
        port: TCP port; 0 takes a free one.
        database_url: SQLAlchemy URL of the database.
        zone: Grid zone of this site, such as ``FR``; wins over what hosts say of themselves.
        pue: Power usage effectiveness of this site, a decimal from 1 to 10.
        max_body_mb: Largest batch, MiB of JSON.
        transfer_year: Year whose published coefficient the energy of data transfer is estimated
            with; that term is off where neither this nor the next is set.
        transfer_kwh_per_gb: A coefficient of one's own instead, a decimal.
        transfer_source: Where that coefficient comes from.
    """

    host: str = "127.0.0.1"
    port: int = 8400
    database_url: str
    zone: str | None = None
    pue: str = "1"
    max_body_mb: int = 16
    transfer_year: int | None = None
    transfer_kwh_per_gb: str | None = None
    transfer_source: str | None = None


def load(
    flags: Mapping[str, object] | None = None, environ: Mapping[str, str] | None = None
) -> Settings:
    """Read all settings once: command line, then environment, then file, then default.

    Args:
        flags: Values from the command line by key; None means not given.
        environ: The environment; this process's where it is left out.

    Raises:
        CannotStart: An unknown key, with the nearest known one, or a value we cannot read.
    """
    if environ is None:
        environ = os.environ  # noqa: TID251 - the one place that reads it
    values: dict[str, Any] = {"database_url": _default_database(environ)}
    for source, given in _sources(flags or {}, environ):
        for key, value in given.items():
            values[key] = _read(key, value, source)
    settings = Settings(**values)
    _check_transfer(settings)
    return settings


def _sources(
    flags: Mapping[str, object], environ: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    yield from _file(environ)
    yield (
        "environment",
        {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environ.items()
            if name.startswith(PREFIX)
        },
    )
    yield "command line", {key: value for key, value in flags.items() if value is not None}


def _file(environ: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, object]]]:
    named = environ.get("JOULEBOOK_CONFIG")
    home = Path(environ.get("HOME") or "/")
    usual = (Path("joulebook.toml"), home / ".config" / "joulebook" / "joulebook.toml")
    try:
        path = Path(named) if named else next((one for one in usual if one.is_file()), None)
    except OSError as error:
        raise CannotStart(f"cannot look for joulebook.toml: {error}") from error
    if path is None:
        return
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotStart(f"cannot read the settings in {path}: {error}") from error
    table = content.get(TABLE, {})
    if not isinstance(table, dict):
        raise CannotStart(f"[{TABLE}] in {path} must be a table, not {table!r}")
    yield str(path), table


def _read(key: str, value: object, source: str) -> object:
    known = [field.name for field in fields(Settings)]
    if key not in known:
        nearest = difflib.get_close_matches(key, known, 1, 0.0)[0]
        raise CannotStart(
            f"unknown setting {key!r} ({source}); did you mean {nearest!r} ({PREFIX}"
            f"{nearest.upper()})?"
        )
    try:
        return _READERS.get(key, str)(str(value))
    except ValueError as error:
        raise CannotStart(f"{key} ({source}) cannot be {value!r}: {error}") from error


def _port(text: str) -> int:
    if not 0 <= (port := int(text)) <= _PORTS:
        raise ValueError(f"a port lies between 0 and {_PORTS}")
    return port


def _pue(text: str) -> str:
    try:
        figure = Decimal(text)
    except InvalidOperation:
        figure = Decimal("NaN")
    if not figure.is_finite() or not 1 <= figure <= _MAX_PUE:
        raise ValueError("must be a decimal from 1 to 10, such as 1.2")
    return text


def _megabytes(text: str) -> int:
    if (size := int(text)) < 1:
        raise ValueError("at least 1 MiB")
    return size


def _year(text: str) -> int:
    published(year := int(text))
    return year


def _per_gb(text: str) -> str:
    try:
        stated(Decimal(text), "")
    except InvalidOperation as error:
        raise ValueError("must be kWh for each GB, such as 0.01") from error
    return text


def _check_transfer(settings: Settings) -> None:
    own, source = settings.transfer_kwh_per_gb, settings.transfer_source
    if own is not None and settings.transfer_year is not None:
        raise CannotStart("set either transfer_year or transfer_kwh_per_gb, not both")
    if (own is None) != (source is None):
        raise CannotStart(
            "transfer_kwh_per_gb and transfer_source go together: a figure and who says so"
        )


_READERS = {
    "port": _port,
    "pue": _pue,
    "max_body_mb": _megabytes,
    "transfer_year": _year,
    "transfer_kwh_per_gb": _per_gb,
}


def _default_database(environ: Mapping[str, str]) -> str:
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = Path(environ.get("HOME") or "/var/lib") / ".local" / "state"
    return f"sqlite:///{state / 'joulebook' / 'server.db'}"
