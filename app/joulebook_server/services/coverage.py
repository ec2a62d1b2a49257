"""Observed time over expected time.

The expected time is a job's own span or a device's presence, not the rows that happened to arrive:
what is missing in the middle lowers the coverage.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from joulebook.core.units import QUARTER_US, quarter_of
from joulebook_server.services.grouping import RowKey, job_labels, row_key
from joulebook_server.services.report_request import TIME_KEYS, ReportRequest
from joulebook_server.store.jobs import EffectiveJob
from joulebook_server.store.reports import Place, Watched
from joulebook_server.store.usage import Usage

#: Keys by which a device's presence can be told apart.
_OF_DEVICES = ("host", "device", "component", "zone", *TIME_KEYS)


def job_coverage(job: EffectiveJob, usage: Usage) -> float | None:
    """Observed time of a job over its span on each of its devices, 0 to 1; None without any."""
    span_us = _end(job) - job.started_us
    if not usage.observed_us or span_us <= 0:
        return None
    return min(1.0, sum(usage.observed_us.values()) / (span_us * len(usage.observed_us)))


@dataclass
class CoverageTable:
    """Observed and expected time by row of one report.

    Args:
        request: The report.
        jobs: Jobs by uid.
        places: Every device by (host, device).
    """

    request: ReportRequest
    jobs: Mapping[str, EffectiveJob]
    places: Mapping[tuple[str, str], Place]
    jobs_watched: Sequence[Watched] = ()
    devices_watched: Sequence[Watched] = ()
    _of_jobs: dict[RowKey, list[int]] = field(default_factory=dict)
    _of_devices: dict[RowKey, list[int]] = field(default_factory=dict)

    def watch_jobs(self, watched: Sequence[Watched]) -> None:
        """Count the time of jobs; each (job, device) is expected over the job's span."""
        self.jobs_watched = watched
        expected: set[tuple[str, str, str]] = set()
        for one in watched:
            job = self.jobs.get(one.job)
            if job is None:
                continue
            labels = {**job_labels(job), **self._device_labels(one)}
            self._add(self._of_jobs, row_key(self.request, labels, one.quarter_us), observed=one)
            if (one.job, one.host, one.device) not in expected:
                expected.add((one.job, one.host, one.device))
                for quarter_us, time_us in self._span(job.started_us, _end(job)):
                    key = row_key(self.request, labels, quarter_us)
                    self._add(self._of_jobs, key, expected_us=time_us)

    def watch_devices(self, watched: Sequence[Watched]) -> None:
        """Count the presence of devices, from their first window in the period to their last."""
        self.devices_watched = watched
        presence: dict[tuple[str, str], tuple[int, int]] = {}
        for one in watched:
            first, last = presence.get((one.host, one.device), (one.first_us, one.last_us))
            presence[one.host, one.device] = (min(first, one.first_us), max(last, one.last_us))
            self._add(self._of_devices, self._device_key(one, one.quarter_us), observed=one)
        for (host, device), (first, last) in presence.items():
            place = Watched(host, device, "", None, first, last, 0)
            for quarter_us, time_us in self._span(first, last):
                key = self._device_key(place, quarter_us)
                self._add(self._of_devices, key, expected_us=time_us)

    def of(self, key: RowKey, *, jobs_alone: bool) -> float | None:
        """Coverage of a row, 0 to 1; None where nothing tells.

        Args:
            key: Values of the row's keys.
            jobs_alone: Whether all of its energy is booked to jobs.
        """
        if jobs_alone:
            observed, expected = self._of_jobs.get(key, [0, 0])
        else:
            observed, expected = self._of_devices.get(self._narrowed(key), [0, 0])
        return min(1.0, observed / expected) if expected else None

    def _device_labels(self, one: Watched) -> dict[str, str]:
        place = self.places[one.host, one.device]
        return {
            "host": one.host,
            "device": one.device,
            "component": place.component,
            "zone": place.zone,
        }

    def _device_key(self, one: Watched, quarter_us: int | None) -> RowKey | None:
        """The row of a device's presence; what tells jobs apart says nothing about it."""
        filters = tuple(pair for pair in self.request.filters if pair[0] in _OF_DEVICES)
        of_devices = replace(self.request, filters=filters)
        key = row_key(of_devices, self._device_labels(one), quarter_us)
        return None if key is None else self._narrowed(key)

    def _narrowed(self, key: RowKey) -> RowKey:
        return tuple(
            value for name, value in zip(self.request.keys, key, strict=True) if name in _OF_DEVICES
        )

    def _span(self, first_us: int, last_us: int) -> Iterator[tuple[int | None, int]]:
        """The part of a span within the period; by quarter hours where time is a key."""
        first_us, last_us = max(first_us, self.request.from_us), min(last_us, self.request.to_us)
        if not self.request.time_keys:
            yield None, max(0, last_us - first_us)
            return
        quarter_us = quarter_of(first_us)
        while quarter_us < last_us:
            inside = min(last_us, quarter_us + QUARTER_US) - max(first_us, quarter_us)
            yield quarter_us, inside
            quarter_us += QUARTER_US

    @staticmethod
    def _add(
        table: dict[RowKey, list[int]],
        key: RowKey | None,
        *,
        observed: Watched | None = None,
        expected_us: int = 0,
    ) -> None:
        if key is not None:
            entry = table.setdefault(key, [0, 0])
            entry[0] += observed.observed_us if observed else 0
            entry[1] += expected_us


def _end(job: EffectiveJob) -> int:
    return job.ended_us or job.last_us
