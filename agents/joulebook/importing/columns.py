"""The columns of a file of readings: which there are, and what a header may say."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from joulebook.core.units import UJ_PER_J, UJ_PER_KWH, UJ_PER_WH
from joulebook.importing.problems import Problems
from joulebook.importing.values import reason_of, words
from joulebook.wire.rules import shown

#: Columns of energy, and how many µJ one of each is.
ENERGY_UJ = {"energy_uj": 1, "energy_j": UJ_PER_J, "energy_wh": UJ_PER_WH, "energy_kwh": UJ_PER_KWH}
POWER_W = "power_w"
#: A row says how much by one of these, and how long by one of those.
AMOUNTS = (*ENERGY_UJ, POWER_W)
ENDS = ("end", "duration_s")
OF_DEVICES = ("device_kind", "device_name", "scope", "additive")
OF_JOBS = ("name", "model", "variant", "project", "kind", "user")
KNOWN = (
    *("start", *ENDS, *AMOUNTS, "error_percent"),
    *("host", "device", *OF_DEVICES, "job", *OF_JOBS),
)
WORK, QUALITY = "work_", "quality_"
#: Columns that begin so are somebody's own.
IGNORED = "x_"
HEADER_LINE = 1


@dataclass(frozen=True, slots=True)
class Columns:
    """Where the columns stand.

    Attributes:
        at: Position by name, of those in `KNOWN`.
        work: Position by unit of work.
        quality: Position by metric.
        amount: The one of `AMOUNTS` that there is.
        end: The one of `ENDS` that there is.
        count: Number of columns, those to be ignored among them.
    """

    at: Mapping[str, int]
    work: Mapping[str, int]
    quality: Mapping[str, int]
    amount: str
    end: str
    count: int


def columns_of(header: Sequence[str], problems: Problems) -> Columns:
    """Read a header.

    Args:
        header: Names of the columns, in any order.
        problems: Told of what is wrong with them.

    Raises:
        InvalidInput: A column is unknown, stands there twice, or is missing.
    """
    names = [name.strip() for name in header]
    for name in names:
        _check_name(name, problems)
    for name in sorted({name for name in names if name and names.count(name) > 1}):
        problems.add(HEADER_LINE, name, "stands there twice")
    problems.refuse()  # a misspelt column is not missing as well
    for needed in ("start", "device"):
        if needed not in names:
            problems.add(HEADER_LINE, needed, "the column is missing")
    amount, end = _one_of(AMOUNTS, names, problems), _one_of(ENDS, names, problems)
    problems.refuse()
    return Columns(
        at={name: names.index(name) for name in KNOWN if name in names},
        work=_after(WORK, names),
        quality=_after(QUALITY, names),
        amount=amount,
        end=end,
        count=len(names),
    )


def _check_name(name: str, problems: Problems) -> None:
    try:
        words(name)
    except ValueError as error:
        problems.add(HEADER_LINE, "", f"the name of a column {reason_of(error)}")
        return
    free = any(name.startswith(prefix) and name != prefix for prefix in (WORK, QUALITY))
    if name in KNOWN or free or name.startswith(IGNORED):
        return
    if not name:
        problems.add(HEADER_LINE, "", "a column has no name")
        return
    if separator := next((sign for sign in ";\t" if sign in name), None):
        problems.add(HEADER_LINE, "", _separated_by(separator))
        return
    problems.add(HEADER_LINE, "", f"unknown column {shown(name)}{_near(name)}")


def _separated_by(separator: str) -> str:
    word = "tab" if separator == "\t" else f"'{separator}'"
    return (
        f"the columns seem to be separated by {word}: say --delimiter {word}, "
        "and --decimal , where numbers have a decimal comma"
    )


def _near(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), KNOWN, 1, 0.6)
    known = ", ".join((*KNOWN, f"{WORK}UNIT", f"{QUALITY}METRIC"))
    meant = f"did you mean {close[0]}?" if close else f"known are {known}."
    return f"; {meant} A column whose name begins with {IGNORED} is ignored"


def _one_of(group: Sequence[str], names: Sequence[str], problems: Problems) -> str:
    """The one column of a group that there is."""
    there = [name for name in group if name in names]
    if len(there) != 1:
        has = f"there are {' and '.join(there)}" if there else "there is none"
        problems.add(HEADER_LINE, "", f"one of {', '.join(group)} is needed, and {has}")
        return ""
    return there[0]


def _after(prefix: str, names: Sequence[str]) -> dict[str, int]:
    return {
        name.removeprefix(prefix): position
        for position, name in enumerate(names)
        if name.startswith(prefix)
    }
