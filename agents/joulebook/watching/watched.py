"""Looks at every window as it is booked, and adds up for whoever asks."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from joulebook.clock import Clock
from joulebook.metering.assemble import Booked
from joulebook.metering.guard import harmless
from joulebook.probes.protocol import Sensor
from joulebook.watching.jobs import JobFigures, JobTable
from joulebook.wire import Job

#: uid, kind and method.
DeviceKey = tuple[str, str, str]
#: Kind of device, and bucket.
BucketKey = tuple[str, str]

_Key = TypeVar("_Key", DeviceKey, BucketKey)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was booked since the agent started, at one instant. Energy in µJ.

    Attributes:
        devices: Energy by device.
        buckets: Energy by bucket, of the devices that add up.
        jobs: Energy by job.
        problems: Whether a device has a problem now, by its uid and kind.
        own_uj: What the agent itself used; None where no window told.
        last_end_us: Where the latest window ends, µs since the Unix epoch; None before the first.
    """

    devices: Mapping[DeviceKey, int]
    buckets: Mapping[BucketKey, int]
    jobs: Sequence[JobFigures]
    problems: Mapping[tuple[str, str], bool]
    own_uj: int | None
    last_end_us: int | None


class Watched:
    """Told of every cut by the session; safe for many threads.

    Its sums live as long as the process, and only grow. What a counter told later of the time
    before (recovered energy) is no part of them: it would look like power that flows now.

    Args:
        clock: Source of time.
        most_jobs: How many jobs are told apart at one time.
    """

    def __init__(self, clock: Clock, most_jobs: int) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs = JobTable(most_jobs)
        self._devices: dict[DeviceKey, int] = {}
        self._buckets: dict[BucketKey, int] = {}
        self._problems: dict[tuple[str, str], bool] = {}
        self._own_uj: int | None = None
        self._last_end_us: int | None = None
        self._last_at_us: int | None = None
        self._began_us = clock.monotonic_us()

    def take(
        self,
        booked: Sequence[Booked],
        jobs: Sequence[Job],
        problems: Mapping[str, str],
        sensors: Sequence[Sensor],
    ) -> None:
        """Add up the windows of one cut: some 50 µs on a node with 12 devices. Never fails.

        Args:
            booked: Windows with their shares.
            jobs: Records of all jobs that are open or have just ended.
            problems: Why a device cannot be read now, by uid.
            sensors: Every sensor found.
        """
        now_us = self._clock.monotonic_us()
        kinds = {sensor.uid: sensor.kind for sensor in sensors}
        with harmless("adding up for the metrics page"), self._lock:
            self._jobs.hear(jobs, now_us)
            for one in booked:
                self._add(one, kinds.get(one.window.uid, "other"), now_us)
            self._jobs.forget(now_us)
            self._problems = _problems(problems, sensors)

    def look(self) -> Snapshot:
        """A copy of all sums."""
        with self._lock:
            return Snapshot(
                dict(self._devices),
                dict(self._buckets),
                self._jobs.figures(),
                self._problems,
                self._own_uj,
                self._last_end_us,
            )

    def silent_us(self) -> tuple[int, bool]:
        """How long ago the last window came, µs, and whether any did; before, since the start."""
        with self._lock:
            at_us = self._last_at_us
        now_us = self._clock.monotonic_us()
        return now_us - (self._began_us if at_us is None else at_us), at_us is not None

    def _add(self, booked: Booked, kind: str, now_us: int) -> None:
        window = booked.window
        _grow(self._devices, (window.uid, kind, window.method), window.energy_uj)
        if window.own_uj is not None:
            self._own_uj = (self._own_uj or 0) + window.own_uj
        for share in booked.shares:
            _grow(self._buckets, (kind, share.bucket.value), share.energy_uj)
            if share.job_uid is not None:
                source = (kind, window.method)
                self._jobs.add(share.job_uid, source, share.energy_uj, now_us)
        self._last_end_us = max(self._last_end_us or 0, window.end_us)
        self._last_at_us = now_us


def _problems(
    problems: Mapping[str, str], sensors: Sequence[Sensor]
) -> dict[tuple[str, str], bool]:
    """By device; a part of another has no meter of its own."""
    return {
        (sensor.uid, sensor.kind): (problems.get(sensor.uid) or sensor.problem) is not None
        for sensor in sensors
        if sensor.uid is not None and sensor.parent is None
    }


def _grow(sums: dict[_Key, int], key: _Key, energy_uj: int) -> None:
    sums[key] = sums.get(key, 0) + energy_uj
