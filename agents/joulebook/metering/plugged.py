"""Probes of other packages, named by the setting `probes`."""

from collections.abc import Sequence
from importlib import import_module

from joulebook.clock import Clock
from joulebook.errors import Gone
from joulebook.metering.checked import Checked, broken
from joulebook.metering.guard import log
from joulebook.probes.protocol import Found, Holder, Probe, Reading, Sensor
from joulebook.settings import Settings


def plugged(names: Sequence[str], clock: Clock, settings: Settings) -> list[Probe]:
    """A probe for each name; one that cannot be made is shown as a sensor with a problem.

    Args:
        names: ``module:callable``; called with clock and settings, it gives a probe.
        clock: Source of time.
        settings: Settings in force.
    """
    return [_made(name, clock, settings) for name in dict.fromkeys(names)]


def _made(name: str, clock: Clock, settings: Settings) -> Probe:
    module, _, factory = name.partition(":")
    try:
        return Checked(name, getattr(import_module(module), factory)(clock, settings))
    except Exception as error:  # noqa: BLE001 - code of others: whatever it does, we go on
        log.warning("joulebook: the probe %s cannot be used: %s", name, error)
        problem = f"it cannot be used: {type(error).__name__}: {error}"
        return Broken(name, problem, _cure(error, module, factory))


def _cure(error: Exception, module: str, factory: str) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == module.partition(".")[0]:
        return f"install {module} in this environment, or put its folder into PYTHONPATH"
    if isinstance(error, AttributeError):
        return f"name a class or function that is in {module}: probes = {module}:..."
    return f"it is made by {factory}(clock, settings); docs/probes.md shows how"


class Broken:
    """Stands for a probe that could not be made: one sensor, with the reason.

    Args:
        name: What was set.
        problem: Why it is not there.
        cure: What to do about it.
    """

    def __init__(self, name: str, problem: str, cure: str) -> None:
        self.name = name
        self._sensor = broken(f"probe {name}", problem, cure)

    def find(self) -> Found:
        """The sensor that is missing."""
        return Found([self._sensor])

    def read(self, sensor: Sensor) -> Reading:
        """Nothing can be read."""
        raise Gone(f"{sensor.name}: {self._sensor.problem}")

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody can tell."""
        return None

    def close(self) -> None:
        """Nothing is held."""
