"""The in-memory twin of a probe: sensors and readings are what the caller says.

For tests and replays. Its sensors say that they are simulated.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from joulebook.clock import Clock
from joulebook.errors import Gone
from joulebook.probes.protocol import Found, Holder, Reading, Sensor


class MemoryProbe:
    """Sensors whose counters are functions of monotonic time.

    Args:
        clock: Where the time of a reading comes from.
        counters: Cumulative energy in µJ over monotonic µs, per sensor.
        present: Processes on each sensor by uid; a missing uid means nobody can tell.
    """

    name = "memory"

    def __init__(
        self,
        clock: Clock,
        counters: dict[Sensor, Callable[[int], int]],
        present: dict[str, Sequence[Holder]] | None = None,
    ) -> None:
        self._clock = clock
        self._counters = {replace(s, simulated=True): c for s, c in counters.items()}
        self.present = present if present is not None else {}

    def find(self) -> Found:
        """All sensors, marked as simulated."""
        return Found(sensors=tuple(self._counters))

    def read(self, sensor: Sensor) -> Reading:
        """The counter's value now, or power where the sensor integrates."""
        if sensor not in self._counters:
            raise Gone(f"{sensor.uid} left")
        now_us = self._clock.monotonic_us()
        value = self._counters[sensor](now_us)
        if sensor.method == "integrated":
            return Reading(now_us, power_mw=value)
        return Reading(now_us, counter_uj=value)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """Processes as set in `present`."""
        return self.present.get(sensor.uid or "")

    def remove(self, sensor: Sensor) -> None:
        """Unplug a sensor."""
        del self._counters[sensor]

    def close(self) -> None:
        """Nothing to let go of."""
