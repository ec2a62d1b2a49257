"""`from` and `to` of a request."""

from joulebook.core.units import QUARTER_US, quarter_of
from joulebook.errors import WireError
from joulebook.wire import parse_time
from joulebook_server.errors import Problem
from joulebook_server.services.balance import ALL_FROM_US, ALL_TO_US


def period(start: str | None, end: str | None) -> tuple[int, int]:
    """The period in µs, widened to whole quarter hours; all time where nothing is said.

    Raises:
        Problem: 400 if a time cannot be read or the period ends before it starts.
    """
    from_us = quarter_of(_time("from", start)) if start else ALL_FROM_US
    to_us = _time("to", end) if end else ALL_TO_US
    if to_us < from_us:
        raise Problem(400, "Bad period", "`to` lies before `from`", "to")
    return from_us, quarter_of(to_us + QUARTER_US - 1) if end else ALL_TO_US


def _time(name: str, text: str) -> int:
    try:
        # A plus sign that was not escaped arrives as a space.
        time_us = parse_time(name, text.replace(" ", "+"))
    except WireError as error:
        raise Problem(400, "Bad period", f"`{name}`: {error.reason}", name) from error
    # No reading lies outside, and near the calendar's own ends nothing can be reckoned.
    return min(max(time_us, ALL_FROM_US), ALL_TO_US - QUARTER_US)
