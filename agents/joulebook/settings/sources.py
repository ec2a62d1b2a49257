"""Where values come from: command line, environment, file."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joulebook.settings.values import READERS

PREFIX = "JOULEBOOK_"
FILE_NAME = "joulebook.toml"
SERVER_TABLE = "joulebook-server"
_CONFIG = "JOULEBOOK_CONFIG"
# Read by others: the server has settings of its own, the test suite its switches.
_OF_OTHERS = ("JOULEBOOK_SERVER_", "JOULEBOOK_TEST_")

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written, and where."""

    value: object
    origin: str


def gather(
    flags: Mapping[str, object], environ: Mapping[str, str], report: Report
) -> dict[str, Given]:
    """The value that wins for each key that is set anywhere.

    Args:
        flags: From the command line, by key; None means not given.
        environ: The environment.
        report: Told of every key that is not known and of a file that cannot be read.
    """
    found = _from_file(environ, report)
    found.update(_from_environment(environ, report))
    found.update(_from_flags(flags, report))
    return found


def home(environ: Mapping[str, str]) -> Path | None:
    """The user's home folder; None where the system tells none."""
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        return None


def _from_flags(flags: Mapping[str, object], report: Report) -> dict[str, Given]:
    given = {key: value for key, value in flags.items() if value is not None}
    return _known(given, lambda key: key, "command line", report)


def _from_environment(environ: Mapping[str, str], report: Report) -> dict[str, Given]:
    """An empty variable is as good as none: compose files and job scripts leave such."""
    ours = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and value and not _of_others(name)
    }
    found = _known(ours, _variable, "the environment", report)
    return {key: Given(one.value, f"environment {_variable(key)}") for key, one in found.items()}


def _of_others(name: str) -> bool:
    return name == _CONFIG or name.startswith(_OF_OTHERS)


def _variable(key: str) -> str:
    return PREFIX + key.upper()


def _from_file(environ: Mapping[str, str], report: Report) -> dict[str, Given]:
    path = _find_file(environ)
    if path is None:
        return {}
    content = _parse(path, report)
    content.pop(SERVER_TABLE, None)
    return _known(content, lambda key: key, f"file {_full(path)}", report)


def _find_file(environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one that is named, else the first that exists."""
    if named := environ.get(_CONFIG):
        return Path(named)
    folders = [Path()]
    if configs := environ.get("XDG_CONFIG_HOME"):
        folders.append(Path(configs) / "joulebook")
    elif own := home(environ):
        folders.append(own / ".config" / "joulebook")
    return next((path for folder in folders if _is_there(path := folder / FILE_NAME)), None)


def _is_there(path: Path) -> bool:
    """False too where a folder on the way, or the current one, may not be entered."""
    try:
        return path.is_file()
    except OSError:
        return False


def _full(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError:  # the current folder was removed
        return path


def _parse(path: Path, report: Report) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - only where there is a file: it slows the import of us

    try:
        # Numbers stay as they are written: a PUE of 1.10 is a decimal, not a float near it.
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
    except OSError as error:
        report(f"cannot read the file {path}: {error.strerror}")
    except ValueError as error:  # TOML or UTF-8
        report(f"the file {path} is not TOML: {error}")
    return {}


def _known(
    given: Mapping[str, object], written: Callable[[str], str], origin: str, report: Report
) -> dict[str, Given]:
    """The known keys among those given; the others are reported."""
    for key in given:
        if key not in READERS:
            report(_unknown(written(key), origin, map(written, READERS)))
    return {
        key: Given(value, origin) for key, value in given.items() if key in READERS and value != ""
    }


def _unknown(name: str, origin: str, known: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return f"unknown setting {name} in {origin}; did you mean {nearest[0]}?"
