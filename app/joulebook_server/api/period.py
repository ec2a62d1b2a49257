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


def instants(start: str | None, end: str | None, usual: tuple[int, int]) -> tuple[int, int]:
    """The period in µs to the instant, where it may start and end anywhere.

    Args:
        start: Its start as it was asked for.
        end: Its end as it was asked for.
        usual: What counts where nothing is said.

    Raises:
        Problem: 400 if a time cannot be read or the period does not end after it starts.
    """
    to_us = _time("to", end) if end else usual[1]
    from_us = _time("from", start) if start else min(usual[0], to_us - (usual[1] - usual[0]))
    if to_us <= from_us:
        raise Problem(400, "Bad period", "`to` must lie after `from`", "to")
    return from_us, to_us
