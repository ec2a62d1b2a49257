"""The small rules that larger ones are made of. A breach is named by its JSON path."""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import NoReturn

from joulebook.errors import WireError
from joulebook.wire.records import Meters, Parts

MAX_INTEGER = 2**53 - 1  # the largest integer every JSON reader keeps exact
MAX_TEXT = 512
#: Amounts of work stay where sums and ratios of them are finite; 1e24 FLOP is far inside.
MAX_AMOUNT = 1e100
MAX_FUTURE_US = 86_400_000_000
_MAX_SHOWN = 60
_MAX_SHOWN_BITS = 128
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def refuse(path: str, reason: str) -> NoReturn:
    """Raise the breach of a rule at `path`."""
    raise WireError(path, reason)


def child(path: str, key: str) -> str:
    """JSON path of `key` below `path`: ``$.work.tokens``, or ``$.work['to kens']``."""
    return f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{shown(key)}]"


def shown(value: str | int) -> str:
    """The value quoted for a message, cut where it is long: input may be of any size."""
    if isinstance(value, int):
        bits = value.bit_length()
        return str(value) if bits <= _MAX_SHOWN_BITS else f"a number of {bits} bits"
    return repr(value if len(value) <= _MAX_SHOWN else value[:_MAX_SHOWN] + "...")


def integer(path: str, value: int) -> None:
    """Refuse what is negative or no longer exact in every JSON reader."""
    if not 0 <= value <= MAX_INTEGER:
        refuse(path, f"must lie between 0 and 2^53-1, not {shown(value)}")


def integers(path: str, column: Sequence[int | None]) -> None:
    """`integer` for every entry that is not None."""
    for index, value in enumerate(column):
        if value is not None and not 0 <= value <= MAX_INTEGER:
            integer(f"{path}[{index}]", value)


def number(path: str, value: float, *, least: float = -math.inf) -> None:
    """Refuse what is not finite, or less than `least`."""
    try:
        finite = math.isfinite(value)
    except OverflowError:  # an integer beyond every float
        finite = False
    if not finite:
        refuse(path, "must be a finite number")
    if value < least:
        refuse(path, f"must be at least {least:g}, not {value:g}")


def amount(path: str, value: float) -> None:
    """Refuse what is no amount of work: below 0, or beyond `MAX_AMOUNT` or its inverse."""
    number(path, value, least=0)
    if value and not 1 / MAX_AMOUNT <= value <= MAX_AMOUNT:
        refuse(path, f"must be 0 or lie between {1 / MAX_AMOUNT:g} and {MAX_AMOUNT:g}")


def text(path: str, value: str) -> None:
    """Refuse what is blank, or no `optional_text`."""
    if not value.strip():
        refuse(path, "must not be empty")
    optional_text(path, value)


def optional_text(path: str, value: str | None) -> None:
    """Refuse what a database or UTF-8 cannot hold; None is fine."""
    if value is None:
        return
    if len(value) > MAX_TEXT:
        refuse(path, f"has {len(value)} characters; at most {MAX_TEXT} are kept")
    if "\x00" in value:
        refuse(path, "holds a NUL character")
    if any("\ud800" <= character <= "\udfff" for character in value):
        refuse(path, "holds half a surrogate pair, which UTF-8 cannot write")


def choice(path: str, value: str, known: Collection[str]) -> None:
    """Refuse what is not one of `known`."""
    if value not in known:
        refuse(path, f"{shown(value)} is not one of {', '.join(known)}")


def choices(path: str, column: Sequence[str], known: Collection[str]) -> None:
    """`choice` for every entry."""
    for index, value in enumerate(column):
        if value not in known:
            choice(f"{path}[{index}]", value, known)


def moment(path: str, time_us: int, now_us: int) -> None:
    """Refuse a time before 1970 or more than a day ahead of the reader's clock."""
    integer(path, time_us)
    if time_us > now_us + MAX_FUTURE_US:
        refuse(path, "lies more than a day in the future; check the sender's clock")


def same_length(path: str, columns: Meters | Parts) -> None:
    """Refuse columns of different lengths."""
    first, *others = (column.name for column in fields(columns))
    length = len(getattr(columns, first))
    for name in others:
        if (entries := len(getattr(columns, name))) != length:
            refuse(f"{path}.{name}", f"has {entries} entries where {first} has {length}")
