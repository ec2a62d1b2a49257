"""Every probe of this host, and the sensors they find, now and later."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from joulebook.metering.isolated import Isolated
from joulebook.metering.overlap import Pair, without_twins
from joulebook.probes.protocol import Dropped, Found, Probe, Sensor


class Roster:
    """Asks all probes for their sensors.

    An estimate is used only for a kind of device that nothing readable holds: it is never
    mixed with a measurement of the same thing.

    Args:
        measuring: Probes that measure, in order of preference.
        estimates: Probes that estimate, by the kind of device that each stands for.
        isolated: Whether each probe gets a thread of its own, so that one that hangs holds up
            nobody.
    """

    def __init__(
        self,
        measuring: Sequence[Probe],
        estimates: Mapping[str, Probe],
        *,
        isolated: bool = True,
    ) -> None:
        wrap = Isolated if isolated else _itself
        self._measuring: list[Probe] = [wrap(probe) for probe in measuring]
        self._estimates: dict[str, Probe] = {kind: wrap(one) for kind, one in estimates.items()}
        self._found: dict[str, Found] = {}
        self._known: dict[str, Pair] = {}

    def look(self) -> tuple[list[Pair], list[Dropped]]:
        """All sensors, readable or not, and those left out; may be asked again at any time.

        A device that was here before and is not now stays in the list, as one that left.
        """
        answers = [(probe, self._ask(probe)) for probe in self._measuring]
        kept, twins = without_twins(
            [(sensor, probe) for probe, found in answers for sensor in found.sensors]
        )
        lost = self._lost(kept)
        estimated = self._estimated({kind for sensor, _ in kept for kind in _held(sensor)})
        dropped = [one for _, found in answers for one in found.dropped]
        return [*kept, *lost, *estimated], [*dropped, *twins]

    def estimate(self) -> list[Sensor]:
        """What the estimates are, or would be, whether they are used or not."""
        return [sensor for probe in self._estimates.values() for sensor in self._ask(probe).sensors]

    def close(self) -> None:
        """Let go of all sensors."""
        for probe in (*self._measuring, *self._estimates.values()):
            probe.close()

    def _ask(self, probe: Probe) -> Found:
        known = self._found.get(probe.name)
        if known is not None and isinstance(probe, Isolated):
            found = probe.find_again(known)
        else:
            found = probe.find()
        self._found[probe.name] = found
        return found

    def _estimated(self, held: set[str]) -> list[Pair]:
        """Estimates of what nothing holds; one may hold what another stands for."""
        pairs: list[Pair] = []
        for kind, probe in self._estimates.items():
            if kind not in held:
                found = self._ask(probe).sensors
                pairs += [(sensor, probe) for sensor in found]
                held |= {one for sensor in found for one in _held(sensor)}
        return pairs

    def _lost(self, kept: Sequence[Pair]) -> list[Pair]:
        here = {sensor.uid for sensor, _ in kept}
        left = {uid: pair for uid, pair in self._known.items() if uid not in here}
        self._known |= {sensor.uid: (sensor, probe) for sensor, probe in kept if sensor.uid}
        return [
            (replace(sensor, method=None, problem="it left", cure=None), probe)
            for sensor, probe in left.values()
        ]


def _itself(probe: Probe) -> Probe:
    return probe


def _held(sensor: Sensor) -> tuple[str, ...]:
    """Kinds of device that have a figure through this sensor."""
    if sensor.method is None:
        return ()
    module = ("cpu", "dram") if sensor.scope == "module" else ()
    return (sensor.kind, *sensor.includes, *module)
