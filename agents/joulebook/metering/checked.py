"""A probe of another package, held to the protocol: what it does wrong harms nobody else."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from joulebook.errors import Fatal, Gone, Retry, WireError
from joulebook.probes.protocol import Found, Holder, Probe, Reading, Sensor
from joulebook.wire.records import DEVICE_KINDS, SCOPES
from joulebook.wire.rules import optional_text

METHODS = ("counter", "integrated", "estimated")

_CALLS = ("find", "read", "holders", "close")
_CHOICES = (("kind", DEVICE_KINDS), ("scope", SCOPES), ("method", (*METHODS, None)))
_COUNTS = ("index", "resolution_uj", "averaging_us")
_COUNTS_OR_NONE = ("range_uj", "max_power_mw", "update_us")


class Checked:
    """Asks a probe, and turns whatever is no right answer into a problem or `Retry`.

    Args:
        name: What was set; it tells probes apart, whatever they call themselves.
        probe: The probe.

    Raises:
        TypeError: It lacks one of the four methods.
    """

    def __init__(self, name: str, probe: Probe) -> None:
        for call in _CALLS:
            if not callable(getattr(probe, call, None)):
                raise TypeError(f"it has no method {call}")
        self.name = name
        self._probe = probe

    def find(self) -> Found:
        """Its sensors; one that is described wrongly is there with its problem."""
        try:
            found: object = self._probe.find()
        except Exception as error:  # noqa: BLE001 - code of others: whatever it does, we go on
            return Found([broken(f"probe {self.name}", failure(error))])
        if not isinstance(found, Found) or not all(isinstance(s, Sensor) for s in found.sensors):
            answer = f"its find answers {type(found).__name__}, not Found with sensors"
            return Found([broken(f"probe {self.name}", answer)])
        return replace(found, sensors=[_sound(sensor) for sensor in found.sensors])

    def read(self, sensor: Sensor) -> Reading:
        """A reading whose every value can be one."""
        reading: object = self._ask(self._probe.read, sensor)
        if not isinstance(reading, Reading):
            raise Retry(f"its read answers {type(reading).__name__}, not a Reading")
        for name, value in (("counter_uj", reading.counter_uj), ("power_mw", reading.power_mw)):
            if value is not None and not _is_count(value):
                raise Retry(f"its {name} is {value!r}, not a whole number from 0 on")
        if not _is_count(reading.at_us):
            raise Retry(f"its at_us is {reading.at_us!r}, not the clock's monotonic_us()")
        return reading

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:
        """The processes on a device."""
        found: object = self._ask(self._probe.holders, sensor)
        if found is None:
            return None
        if not isinstance(found, list | tuple) or not all(isinstance(h, Holder) for h in found):
            raise Retry(f"its holders answers {type(found).__name__}, not a list of Holder")
        return found

    def close(self) -> None:
        """Let it go, whatever it says."""
        try:
            self._probe.close()
        except Exception:  # noqa: BLE001 - we are done with it
            return

    @staticmethod
    def _ask(call: Any, sensor: Sensor) -> object:  # noqa: ANN401 - code of others
        try:
            return call(sensor)
        except (Retry, Gone, Fatal):
            raise
        except Exception as error:
            raise Retry(failure(error)) from error


def failure(error: Exception) -> str:
    """What a fault of a probe is called."""
    return f"its probe failed: {type(error).__name__}: {error}"


def broken(name: str, problem: str, cure: str | None = None) -> Sensor:
    """Stands for what a probe could not tell."""
    return Sensor(
        uid=None,
        index=0,
        kind="other",
        scope="other",
        additive=False,
        name=name,
        vendor="unknown",
        method=None,
        problem=problem,
        cure=cure,
    )


def _sound(sensor: Sensor) -> Sensor:
    """The sensor, or what is wrong with its description in its place."""
    flaw = _flaw(sensor)
    if flaw is None:
        return sensor
    name = sensor.name if isinstance(sensor.name, str) else repr(sensor.name)
    return replace(broken("", flaw), name=name)


def _flaw(sensor: Sensor) -> str | None:
    values = {one.name: getattr(sensor, one.name) for one in fields(sensor)}
    for name, choices in _CHOICES:
        if values[name] not in choices:
            return f"{name} {values[name]!r} is not one of {', '.join(map(str, choices))}"
    for name in (*_COUNTS, *_COUNTS_OR_NONE):
        missing = values[name] is None and name in _COUNTS_OR_NONE
        if not missing and not _is_count(values[name]):
            return f"{name} {values[name]!r} is not a whole number from 0 on"
    if sensor.method is not None and not sensor.uid:
        return "a sensor that can be read needs a uid"
    if not isinstance(sensor.gain_error, int | float) or not 0 <= sensor.gain_error <= 1:
        return f"gain_error {sensor.gain_error!r} is not a fraction from 0 to 1"
    return _bad_text(values)


def _bad_text(values: dict[str, object]) -> str | None:
    for name in ("name", "vendor"):
        if values[name] is None:
            return f"it has no {name}"
    for name in ("uid", "name", "vendor", "problem"):
        value = values[name]
        if value is not None and not isinstance(value, str):
            return f"{name} {value!r} is no text"
        try:
            optional_text(name, value)
        except WireError as error:
            return f"{name} {error.reason}"
    return None


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
