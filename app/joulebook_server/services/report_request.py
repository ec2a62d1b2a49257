"""What a report is asked for, checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from joulebook.core.attribute import Bucket
from joulebook.wire.records import DEVICE_KINDS, JOB_KINDS
from joulebook_server.errors import Problem

LABEL_KEYS = (
    "job",
    "model",
    "variant",
    "project",
    "user",
    "host",
    "device",
    "component",
    "bucket",
    "kind",
    "zone",
)
TIME_KEYS = ("hour", "day", "month")
BASES = ("location",)
#: Labels whose values are known beforehand; an empty text stands for "none".
_VALUES = {
    "bucket": tuple(bucket.value for bucket in Bucket),
    "component": DEVICE_KINDS,
    "kind": ("", *JOB_KINDS),
}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """A report over ``[from_us, to_us)``.

    Attributes:
        keys: What rows are grouped by.
        from_us, to_us: Period, µs, whole quarter hours.
        tz: Time zone of hours, days and months.
        filters: (key, value) pairs that a row must match, all of them.
    """

    keys: tuple[str, ...]
    from_us: int
    to_us: int
    tz: ZoneInfo
    filters: tuple[tuple[str, str], ...]

    @property
    def time_keys(self) -> tuple[str, ...]:
        """Keys that need the time of each line."""
        return tuple(key for key in self.keys if key in TIME_KEYS)

    @property
    def label_keys(self) -> frozenset[str]:
        """Every label that grouping or filtering looks at."""
        grouped = {key for key in self.keys if key not in TIME_KEYS}
        return frozenset(grouped | {key for key, _ in self.filters})


def utc_request(
    keys: tuple[str, ...], period: tuple[int, int], *filters: tuple[str, str]
) -> ReportRequest:
    """A request of our own, in UTC.

    Args:
        keys: What rows are grouped by.
        period: ``[from, to)``, µs, whole quarter hours.
        filters: (key, value) pairs that a row must match.
    """
    return ReportRequest(keys, period[0], period[1], ZoneInfo("UTC"), filters)


def read_request(
    group_by: str, period: tuple[int, int], tz: str, filters: Sequence[str], basis: str
) -> ReportRequest:
    """Check a request.

    Raises:
        Problem: 400 that names the parameter and what is known.
    """
    if basis not in BASES:
        raise _bad("basis", f"{basis!r} is not known yet; known: {', '.join(BASES)}")
    return ReportRequest(
        keys=_keys(group_by),
        from_us=period[0],
        to_us=period[1],
        tz=_zone(tz),
        filters=tuple(_filter(text) for text in filters),
    )


def _keys(group_by: str) -> tuple[str, ...]:
    keys = tuple(dict.fromkeys(key.strip() for key in group_by.split(",") if key.strip()))
    unknown = [key for key in keys if key not in (*LABEL_KEYS, *TIME_KEYS)]
    if unknown:
        known = ", ".join((*LABEL_KEYS, *TIME_KEYS))
        raise _bad("group_by", f"{unknown[0]!r} is not one of {known}")
    return keys


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _bad("tz", f"{name!r} is no time zone; an example: Europe/Berlin") from error


def _filter(text: str) -> tuple[str, str]:
    key, colon, value = text.partition(":")
    if not colon or key not in LABEL_KEYS:
        known = ", ".join(LABEL_KEYS)
        raise _bad("filter", f"{text!r}; write key:value with a key of {known}")
    if value not in _VALUES.get(key, (value,)):
        known = ", ".join(one for one in _VALUES[key] if one)
        raise _bad("filter", f"{value!r} is not one of {known}")
    return key, value


def _bad(parameter: str, detail: str) -> Problem:
    return Problem(400, "Bad report request", f"`{parameter}`: {detail}", parameter)
