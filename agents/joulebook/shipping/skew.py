"""How far the server's clock is from ours, by the `Date` of its answers."""

import contextlib
from datetime import UTC

from joulebook.core.units import US_PER_S

#: A difference that is surely larger than this is told, s.
TOLERATED_S = 5
# `Date` has whole seconds (RFC 9110, 5.6.7), and servers such as uvicorn make it once a second.
_RESOLUTION_US = US_PER_S


class Skew:
    """The latest comparison of the two clocks.

    Attributes:
        us: How far the server's clock is ahead of ours, µs; negative where it is behind; None
            before the first answer.
        error_us: How far off `us` may be, µs.
    """

    def __init__(self) -> None:
        self.us: int | None = None
        self.error_us = 0
        self._told = False

    def hear(self, date: str | None, arrived_us: int, took_us: int) -> None:
        """Compare: dated half-way between request and answer, somewhere within its second.

        Args:
            date: The header of the answer; anything but a date is passed over.
            arrived_us: Our wall clock when the answer had come, µs.
            took_us: Time from request to answer, µs.
        """
        dated_us = date_us(date)
        if dated_us is not None:
            self.us = dated_us + US_PER_S // 2 - (arrived_us - took_us // 2)
            self.error_us = _RESOLUTION_US + took_us // 2

    def warning(self, server: str) -> str | None:
        """What people should know of it, once; None where there is nothing to tell.

        Args:
            server: The server's address.
        """
        off_us = abs(self.us or 0)
        if self._told or off_us - self.error_us <= TOLERATED_S * US_PER_S:
            return None
        self._told = True
        way = "behind" if (self.us or 0) > 0 else "ahead of"
        return (
            f"this machine's clock is {_length(off_us)} {way} that of {server}; windows are "
            "labelled by this machine's clock, so set the one of the two that is wrong"
        )


def date_us(text: str | None) -> int | None:
    """A date of HTTP, µs since the Unix epoch; None where it is none."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - slow to load, seldom needed

    with contextlib.suppress(ValueError, TypeError, OverflowError):
        moment = parsedate_to_datetime(text or "")
        return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * US_PER_S
    return None


def _length(duration_us: int) -> str:
    seconds = duration_us // US_PER_S
    for name, length_s in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds // length_s} {name}"
    return f"{seconds} s"
