"""Every probe of this host, and the sensors they find, now and later."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from joulebook.metering.checked import broken, failure
from joulebook.metering.isolated import FIND_S, READ_S, Isolated
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
        patient: Whether to wait long for a driver that first has to wake its cards.
    """

    def __init__(
        self,
        measuring: Sequence[Probe],
        estimates: Mapping[str, Probe],
        *,
        isolated: bool = True,
        patient: bool = True,
    ) -> None:
        def wrap(probe: Probe) -> Probe:
            if not isolated:
                return probe
            return Isolated(probe, find_s=FIND_S if patient else READ_S)

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
        here = {sensor.uid for _, found in answers for sensor in found.sensors}
        lost = self._lost(kept, here)
        estimated = self._estimated({kind for sensor, _ in kept for kind in holds(sensor)})
        dropped = [one for _, found in answers for one in found.dropped]
        return [*kept, *lost, *estimated], [*dropped, *twins]

    @property
    def absent(self) -> dict[str, str]:
        """Why a probe found nothing, by its name."""
        return {name: found.absent for name, found in self._found.items() if found.absent}

    def estimate(self) -> list[Sensor]:
        """What the estimates are, or would be, whether they are used or not."""
        return [sensor for probe in self._estimates.values() for sensor in self._ask(probe).sensors]

    def close(self) -> None:
        """Let go of all sensors."""
        for probe in (*self._measuring, *self._estimates.values()):
            probe.close()

    def _ask(self, probe: Probe) -> Found:
        known = self._found.get(probe.name)
        if not isinstance(probe, Isolated):
            found = _found(probe)
        else:
            found = probe.find() if known is None else probe.find_again(known)
        self._found[probe.name] = found
        return found

    def _estimated(self, held: set[str]) -> list[Pair]:
        """Estimates of what nothing holds; one may hold what another stands for."""
        pairs: list[Pair] = []
        for kind, probe in self._estimates.items():
            if kind not in held:
                found = self._ask(probe).sensors
                pairs += [(sensor, probe) for sensor in found]
                held |= {one for sensor in found for one in holds(sensor)}
        return pairs

    def _lost(self, kept: Sequence[Pair], here: Collection[str | None]) -> list[Pair]:
        """Devices that were metered and are here no more; parts of others come and go unnamed."""
        left = {uid: pair for uid, pair in self._known.items() if uid not in here}
        self._known |= {one.uid: (one, probe) for one, probe in kept if one.uid and not one.parent}
        return [
            (replace(sensor, method=None, problem="it left", cure=None), probe)
            for sensor, probe in left.values()
        ]


def _found(probe: Probe) -> Found:
    """Ask in this thread; a probe that fails is a sensor with a problem, as on its own thread."""
    try:
        return probe.find()
    except Exception as error:  # noqa: BLE001 - a fault of one probe must not reach the user
        return Found([broken(probe.name, failure(error))])


def holds(sensor: Sensor) -> tuple[str, ...]:
    """Kinds of device that have a figure through this sensor."""
    if sensor.method is None or not sensor.additive:
        return ()  # what stands beside the parts holds none of their energy in a sum
    module = ("cpu", "dram") if sensor.scope == "module" else ()
    return (sensor.kind, *sensor.includes, *module)
