"""Which row of a report something belongs to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from joulebook.core.attribute import Bucket
from joulebook.core.units import US_PER_S
from joulebook_server.services.report_request import TIME_KEYS, ReportRequest
from joulebook_server.store.jobs import EffectiveJob

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


def job_labels(job: EffectiveJob) -> dict[str, str]:
    """Labels of the energy that is booked to a job."""
    return {
        "job": job.uid,
        "model": job.model or "",
        "variant": job.variant_label or "",
        "project": job.project or "",
        "user": job.user or "",
        "kind": job.kind,
        "bucket": Bucket.JOB.value,
    }


def in_order(keys: Sequence[str], values: RowKey) -> tuple[tuple[bool, float, str], ...]:
    """Sort key of a row: hours by time, other values by text, "none" last."""
    return tuple(
        (value is None, _instant(value) if key == "hour" and value else 0.0, value or "")
        for key, value in zip(keys, values, strict=True)
    )


def _instant(hour: str) -> float:
    """An hour that a clock set back shows twice comes first with its summer offset."""
    return datetime.fromisoformat(hour).timestamp()


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
