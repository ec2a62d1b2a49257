"""GPUs, CPUs, boards and rails that the kernel's hwmon drivers meter.

AMD and Intel GPUs, AMD EPYC sockets, NVIDIA Grace, NVIDIA Jetson, and whole machines by ACPI. A
counter of energy is preferred to power. What each chip meters, and with which error, is in
`joulebook.probes.hwmon.chips`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from joulebook.clock import Clock
from joulebook.errors import Gone, ProbeError
from joulebook.probes.hwmon.chips import Machine, Meaning, meaning
from joulebook.probes.hwmon.files import Busy, HeldSource, cure
from joulebook.probes.hwmon.tree import Channel, Chip, Source, chips
from joulebook.probes.protocol import Dropped, Found, Holder, Reading, Sensor

_UNITS_PER_MILLI = 1_000  # µW in a mW


@dataclass(frozen=True, slots=True)
class _Entry:
    """One channel that is known."""

    what: Meaning
    chip: Chip
    channel: Channel

    @property
    def path(self) -> Path:
        """Its file; the chip's folder where it has none."""
        sources = self.channel.sources
        return sources[0].paths[0] if sources else self.chip.path


@dataclass(frozen=True, slots=True)
class _Tried:
    """A source, and what came of reading it."""

    source: Source
    held: HeldSource
    error: ProbeError | None

    @property
    def usable(self) -> bool:
        """Whether it tells a value, now or once its device is awake."""
        return self.error is None or isinstance(self.error, Busy)


class HwmonProbe:
    """Everything that hwmon meters and that is known.

    Value files stay open, as those of RAPL do. A device that comes back after an unplug has the
    same uid, whatever number hwmon gives it then.

    Args:
        clock: Where the time of a reading comes from.
        sysfs_root: The sysfs tree, usually ``/sys``.
        machine_id: Names this machine in the uids of what has no global id.
    """

    name = "hwmon"

    def __init__(self, clock: Clock, sysfs_root: Path, machine_id: str) -> None:
        self._clock = clock
        self._folder = sysfs_root / "class" / "hwmon"
        self._machine = Machine(machine_id, sysfs_root)
        self._held: dict[str, tuple[Source, HeldSource]] = {}

    def find(self) -> Found:
        """All channels to meter, and those left out; nothing where there is no hwmon."""
        self.close()
        try:
            found = chips(self._folder)
        except (FileNotFoundError, NotADirectoryError):
            return Found()
        except OSError as error:
            return Found(sensors=(_unlisted(self._folder, error),))
        known, unknown = self._sorted_out(found)
        entries, inside = _apart(known)
        sensors = [self._sensor(index, entry) for index, entry in enumerate(entries)]
        return Found(tuple(sensors), (*inside, *unknown))

    def read(self, sensor: Sensor) -> Reading:
        """The counter, or the power now.

        Raises:
            Retry: It gave no number this time; the device may be asleep.
            Gone: The device left, or the probe is closed.
            Fatal: Permission was taken away.
        """
        if sensor.uid not in self._held:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        source, held = self._held[sensor.uid]
        value = held.read()
        at_us = self._clock.monotonic_us()
        if source.counts:
            return Reading(at_us, counter_uj=value)
        return Reading(at_us, power_mw=value // _UNITS_PER_MILLI)

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody can tell: these drivers know no processes."""
        return None

    def close(self) -> None:
        """Close all value files."""
        while self._held:
            self._held.popitem()[1][1].close()

    def _sorted_out(self, found: Sequence[Chip]) -> tuple[list[_Entry], list[Dropped]]:
        """Channels that are known, and those that are not, one line for all of a chip's alike."""
        known: list[_Entry] = []
        unknown: dict[tuple[Chip, str], list[Path]] = {}
        for chip in found:
            for channel in chip.channels():
                what = meaning(chip, channel, self._machine)
                if isinstance(what, Meaning):
                    known.append(_Entry(what, chip, channel))
                elif what is not None and channel.sources:
                    paths = unknown.setdefault((chip, what), [])
                    paths.append(channel.sources[0].paths[0])
        return known, [
            Dropped(str(paths[0] if len(paths) == 1 else chip.path), reason)
            for (chip, reason), paths in unknown.items()
        ]

    def _sensor(self, index: int, entry: _Entry) -> Sensor:
        what, chip = entry.what, entry.chip
        if what.uid is None:
            return _unmetered(index, what, f"{chip.path}/device does not tell which device it is")
        tried = _try_each(entry)
        if tried is None:
            return _unmetered(index, what, f"{chip.name} tells neither its energy nor its power")
        if tried.usable:
            self._held[what.uid] = (tried.source, tried.held)
        return _sensor(index, entry, tried)


def _apart(known: Sequence[_Entry]) -> tuple[list[_Entry], list[Dropped]]:
    """Channels of which none holds another, and the rest with its reason."""
    first: dict[str, _Entry] = {}
    for entry in known:
        if entry.what.uid is not None and entry.channel.sources:
            first.setdefault(entry.what.uid, entry)
    kept: list[_Entry] = []
    dropped: list[Dropped] = []
    for entry in known:
        holder = first.get(entry.what.within or "") or first.get(entry.what.uid or "", entry)
        if holder is entry:
            kept.append(entry)
        else:
            label = entry.channel.label or entry.chip.name
            reason = f"{label} is a part of what {holder.path} meters, or the same"
            dropped.append(Dropped(str(entry.path), reason))
    return kept, dropped


def _try_each(entry: _Entry) -> _Tried | None:
    """The first source that is usable, else the first of all; None where there is none."""
    first: _Tried | None = None
    for source in entry.channel.sources:
        tried = _try(source, HeldSource(source, entry.what.zero_is))
        if tried.usable:
            return tried
        tried.held.close()
        first = first or tried
    return first


def _try(source: Source, held: HeldSource) -> _Tried:
    try:
        held.read()
    except ProbeError as error:
        return _Tried(source, held, error)
    return _Tried(source, held, None)


def _sensor(index: int, entry: _Entry, tried: _Tried) -> Sensor:
    what, source, error = entry.what, tried.source, tried.error
    method = "counter" if source.counts else "integrated"
    return Sensor(
        uid=what.uid,
        index=index,
        kind=what.kind,
        scope=what.scope,
        additive=what.additive,
        name=what.name,
        vendor=what.vendor,
        method=method if tried.usable else None,
        max_power_mw=entry.channel.max_power_mw,
        gain_error=what.gain_error,
        resolution_uj=what.resolution_uj if source.counts else 0,
        update_us=what.update_us or entry.chip.update_us,
        averaging_us=source.averaging_us,
        problem=str(error) if error else None,
        cure=cure(error, entry.chip.name, source.paths[0]) if error else None,
        source=" times ".join(map(str, source.paths)),
        includes=what.includes,
    )


def _unmetered(index: int, what: Meaning, problem: str) -> Sensor:
    """A device that is there and cannot be metered."""
    return Sensor(
        uid=what.uid,
        index=index,
        kind=what.kind,
        scope=what.scope,
        additive=what.additive,
        name=what.name,
        vendor=what.vendor,
        method=None,
        problem=problem,
    )


def _unlisted(folder: Path, error: OSError) -> Sensor:
    return Sensor(
        uid=None,
        index=0,
        kind="other",
        scope="other",
        additive=False,
        name="hwmon",
        vendor="unknown",
        method=None,
        problem=f"{folder} cannot be listed: {error.strerror}",
    )
