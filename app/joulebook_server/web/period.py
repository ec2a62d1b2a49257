"""The period of a page: one of some that end now, or any, in the URL."""

from dataclasses import dataclass
from urllib.parse import urlencode

from joulebook.core.units import QUARTER_US, US_PER_S, quarter_of
from joulebook.errors import WireError
from joulebook.wire import format_time, parse_time
from joulebook_server.errors import Problem
from joulebook_server.web.figures import moment

_HOUR_US = 3_600 * US_PER_S
USUAL = {"1h": _HOUR_US, "24h": 24 * _HOUR_US, "7d": 168 * _HOUR_US, "30d": 720 * _HOUR_US}
NAMES = {"1h": "1 h", "24h": "24 h", "7d": "7 d", "30d": "30 d"}
_TITLES = {"1h": "Last hour", "24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time, whole quarter hours.

    Attributes:
        from_us, to_us: ``[from, to)``, µs since the epoch.
        name: ``1h``, ``24h``, ``7d`` or ``30d``; None for any other.
    """

    from_us: int
    to_us: int
    name: str | None

    @property
    def span(self) -> tuple[int, int]:
        """Both ends, µs."""
        return self.from_us, self.to_us

    @property
    def before(self) -> tuple[int, int]:
        """The period of the same length before it, µs."""
        return self.from_us - (self.to_us - self.from_us), self.from_us

    @property
    def title(self) -> str:
        """For the heading of a page."""
        return _TITLES[self.name] if self.name else "A period of your choice"

    @property
    def words(self) -> str:
        """From when to when, for people."""
        return f"{moment(self.from_us)[:-3]} to {moment(self.to_us)[:-3]} UTC"

    @property
    def query(self) -> str:
        """What a link takes along, so that the next page is about the same period."""
        if self.name:
            return urlencode({"period": self.name})
        return urlencode(self.parameters)

    @property
    def api_query(self) -> str:
        """The same period in a query of the API."""
        return urlencode(self.parameters)

    @property
    def parameters(self) -> dict[str, str]:
        """The same for the API."""
        return {"from": format_time(self.from_us), "to": format_time(self.to_us)}


def read_period(
    name: str | None, start: str | None, end: str | None, now_us: int, first_us: int
) -> Period:
    """The period that a URL asks for.

    Args:
        name: One of `USUAL`. Where nothing is asked for, the last 24 hours; the last hour while
            the ledger is younger than three, since a day would then be an empty picture.
        start: Its start instead.
        end: Its end instead.
        now_us: Wall clock, µs.
        first_us: When the ledger first heard of a host, µs.

    Raises:
        Problem: 400 if it cannot be read, or ends before it starts.
    """
    to_us = quarter_of(now_us) + QUARTER_US
    if not start and not end:
        known = name or ("1h" if now_us - first_us < 3 * _HOUR_US else "24h")
        if known not in USUAL:
            raise Problem(400, "Bad period", f"{name!r} is not one of {', '.join(USUAL)}", "period")
        return Period(to_us - USUAL[known], to_us, known)
    last = quarter_of(_time("to", end) + QUARTER_US - 1) if end else to_us
    first = quarter_of(_time("from", start)) if start else last - USUAL["24h"]
    if first >= last:
        raise Problem(400, "Bad period", "`to` must lie after `from`", "to")
    return Period(first, last, None)


def _time(name: str, text: str) -> int:
    """A time of the API, or a date, or what a form's field for date and time holds; UTC."""
    whole = f"{text}T00:00" if "T" not in text else text
    whole = whole.replace(" ", "+")
    if whole.count(":") == 1 and not whole.endswith("Z"):
        whole = f"{whole}:00Z"
    try:
        return min(max(parse_time(name, whole), 0), 2**52)
    except WireError as error:
        raise Problem(400, "Bad period", f"`{name}`: {error.reason}", name) from error
