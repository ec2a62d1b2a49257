"""What the pictures on the pages are drawn from; the same stands in a table beside each."""

from typing import Any

from joulebook_server.services.power import PowerSeries
from joulebook_server.web.pages import BUCKETS

_US_PER_MS = 1_000
_MW_PER_W = 1_000


def bucket_chart(power: PowerSeries) -> dict[str, Any]:
    """Power over time by bucket, stacked.

    Returns:
        ``kind, unit, times`` (ms since the epoch), ``series`` (name, colour token, W or null),
        ``unread`` (devices without a reading among those that have some before and after); and for
        the table ``names`` of buckets and its ``rows``, the newest first.
    """
    names = [name for name in BUCKETS if name in power.series]
    return {
        "kind": "power",
        "unit": "W",
        "step_ms": power.step_us // _US_PER_MS,
        "times": [time_us // _US_PER_MS for time_us in power.times_us],
        "series": [
            {"name": BUCKETS[name], "token": f"--{name}", "values": _watts(power.series[name])}
            for name in names
        ],
        "unread": power.unread,
        "names": names,
        "rows": _rows(power, names),
    }


def variants_chart(rows: list[dict[str, Any]], unit: str) -> dict[str, Any]:
    """Energy per unit of work by variant, each with its interval.

    Args:
        rows: ``name, mid, low, high`` of each variant, J.
        unit: What was counted, such as ``samples``.
    """
    return {"kind": "whiskers", "unit": f"J per {unit.removesuffix('s')}", "rows": rows}


def _watts(values: list[int | None]) -> list[float | None]:
    return [None if value is None else value / _MW_PER_W for value in values]


def _rows(power: PowerSeries, names: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for index in range(len(power.times_us) - 1, -1, -1):
        values = [power.series[name][index] for name in names]
        if power.unread[index] or any(value is not None for value in values):
            told = {"time_us": power.times_us[index], "power_mw": values}
            rows.append({**told, "unread": power.unread[index]})
    return rows
