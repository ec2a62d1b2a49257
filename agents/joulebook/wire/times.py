"""Instants as text: RFC 3339 with an offset, to the microsecond."""

import re
from datetime import UTC, datetime, timedelta

from joulebook.wire.rules import refuse, shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
# `fromisoformat` also takes week dates, missing seconds, 24:00 and more, by Python version.
_FORM = re.compile(
    rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ]{_CLOCK}:[0-5][0-9](\.[0-9]+)?"
    rf"(?P<offset>[Zz]|[+-]{_CLOCK})?"
)


def parse_time(path: str, text: str) -> int:
    """Microseconds since the Unix epoch of an RFC 3339 time with an offset.

    Digits beyond the microsecond are dropped.

    Args:
        path: JSON path of the text, for the error.
        text: Such as ``2026-11-23T10:00:00.000000Z``.

    Raises:
        WireError: The text is no time, or has no offset from UTC.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        refuse(path, f"{shown(text)} is not an RFC 3339 time")
    if form["offset"] is None:
        refuse(path, f"{shown(text)} has no offset from UTC; write it with Z")
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        refuse(path, f"{shown(text)} is not an RFC 3339 time")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def format_time(time_us: int) -> str:
    """RFC 3339 in UTC with microseconds, the form of the wire.

    Args:
        time_us: Microseconds since the Unix epoch.

    Raises:
        OverflowError: The time lies outside the years 1 to 9999.
    """
    moment = _EPOCH + timedelta(microseconds=time_us)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
