"""What one cell of a file of readings says; a breach is a `ValueError` that tells what to write.

Numbers are decimals and stay exact until they are rounded, once, to whole microjoules or
microseconds (half to even).
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction

from joulebook.core.units import US_PER_S
from joulebook.errors import WireError
from joulebook.wire.rules import MAX_FUTURE_US, optional_text, shown
from joulebook.wire.times import parse_time

#: The largest stated error of a meter, per cent; what is off by more is no measurement.
MAX_ERROR_PERCENT = 1_000

# ASCII digits alone, and exponents that leave a number of a size that can be computed with.
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,2})?")
_DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?")
_OFFSET = re.compile(r"([Zz]|[+-][0-9]{2}:[0-9]{2})$")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRUTH = {"true": True, "false": False}


def number(text: str, mark: str = ".") -> Fraction:
    """A decimal number, exact.

    Args:
        text: Such as ``12.5`` or ``1.2e3``.
        mark: What stands between whole and part: ``.`` or ``,``.

    Raises:
        ValueError: It is empty, no decimal number, or not finite.
    """
    if not text:
        raise ValueError("is empty")
    plain = _with_a_point(text, mark)
    if _NUMBER.fullmatch(plain) is None:
        raise ValueError(f"{shown(text)} is not a decimal number")
    return Fraction(Decimal(plain))


def at_least_zero(text: str, mark: str = ".") -> Fraction:
    """A number that is not negative.

    Raises:
        ValueError: It is negative, or no number.
    """
    value = number(text, mark)
    if value < 0:
        raise ValueError(f"{shown(text)} is negative")
    return value


def error_percent(text: str, mark: str = ".") -> Fraction:
    """Stated error of a meter, per cent of the energy.

    Raises:
        ValueError: It lies outside 0 to `MAX_ERROR_PERCENT`.
    """
    value = at_least_zero(text, mark)
    if value > MAX_ERROR_PERCENT:
        raise ValueError(f"{shown(text)} is more than {MAX_ERROR_PERCENT} %")
    return value


def duration_us(text: str, mark: str = ".") -> int:
    """Microseconds of a number of seconds, rounded once.

    Raises:
        ValueError: It is less than a microsecond.
    """
    length_us = round(at_least_zero(text, mark) * US_PER_S)
    if not length_us:
        raise ValueError(f"{shown(text)} is no time: a row lasts a microsecond at least")
    return length_us


def moment_us(text: str, tz: tzinfo | None, now_us: int) -> int:
    """Microseconds since the Unix epoch of a time with an offset, or of a local time of `tz`.

    Args:
        text: RFC 3339, such as ``2026-11-23T10:00:00+01:00``; without an offset where `tz` is set.
        tz: The zone of times that state no offset; None where each must state its own.
        now_us: The reader's wall clock; what lies more than a day ahead is refused.

    Raises:
        ValueError: It is no time, ambiguous, before 1970, or in the future.
    """
    if not text:
        raise ValueError("is empty")
    time_us = parse_time("", text) if _OFFSET.search(text) else _in_zone(_wall_us(text), text, tz)
    if time_us < 0:
        raise ValueError(f"{shown(text)} is before 1970")
    if time_us > now_us + MAX_FUTURE_US:
        raise ValueError(f"{shown(text)} lies more than a day in the future")
    return time_us


def truth(text: str) -> bool:
    """``true`` or ``false``, in any case.

    Raises:
        ValueError: It is another word.
    """
    known = _TRUTH.get(text.lower())
    if known is None:
        raise ValueError(f"{shown(text)} is neither true nor false")
    return known


def words(text: str) -> str:
    """A text that a ledger can hold.

    Raises:
        ValueError: It is too long, holds a NUL, or was not UTF-8.
    """
    if any("\udc80" <= sign <= "\udcff" for sign in text):
        raise ValueError("is not UTF-8; save the file as CSV UTF-8")
    optional_text("", text)
    return text


def reason_of(error: ValueError) -> str:
    """What was wrong, without the JSON path of a rule of the wire."""
    return error.reason if isinstance(error, WireError) else str(error)


def _with_a_point(text: str, mark: str) -> str:
    """The number with a decimal point; nothing that could be a thousands separator passes."""
    if mark == "." and _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{shown(text)} has a comma; --decimal , reads it as a decimal comma")
    if mark != "." and "." in text:
        raise ValueError(f"{shown(text)} has a point, but --decimal says {mark!r}")
    return text.replace(mark, ".")


def _wall_us(text: str) -> int:
    """What a clock on the wall showed, as if it stood in UTC."""
    try:
        return parse_time("", f"{text}Z")
    except WireError:
        raise ValueError(
            f"{shown(text)} is not an RFC 3339 time; write it like 2026-05-04T11:20:00+02:00"
        ) from None


def _in_zone(wall_us: int, text: str, tz: tzinfo | None) -> int:
    """A local time; where clocks were set it comes twice or never, and a guess could be off."""
    if tz is None:
        raise ValueError(f"{shown(text)} has no offset from UTC; write one, or name its zone: --tz")
    local = (_EPOCH + timedelta(microseconds=wall_us)).replace(tzinfo=tz)
    first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
    if first is None or first != second:
        raise ValueError(f"{shown(text)} is when clocks were set in {tz}; write its offset")
    return wall_us - first // timedelta(microseconds=1)
