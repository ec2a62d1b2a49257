"""Which row of a report something belongs to."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from joulebook.core.units import US_PER_S
from joulebook_server.services.report_request import TIME_KEYS, ReportRequest

RowKey = tuple[str | None, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def row_key(
    request: ReportRequest, labels: Mapping[str, str], quarter_us: int | None
) -> RowKey | None:
    """Values of the request's keys, None for "none"; None altogether if a filter leaves it out."""
    if any(labels.get(key, "") != value for key, value in request.filters):
        return None
    return tuple(
        _time(request, key, quarter_us) if key in TIME_KEYS else labels.get(key) or None
        for key in request.keys
    )


def _time(request: ReportRequest, key: str, quarter_us: int | None) -> str | None:
    """The hour, day or month of a quarter hour, in the request's time zone."""
    if quarter_us is None:
        return None
    local = (_EPOCH + timedelta(seconds=quarter_us // US_PER_S)).astimezone(request.tz)
    if key == "month":
        return f"{local:%Y-%m}"
    if key == "day":
        return f"{local:%Y-%m-%d}"
    return local.replace(minute=0).isoformat(timespec="minutes")
