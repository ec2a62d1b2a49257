"""CPU packages and their memory through RAPL, read from powercap in sysfs.

Package counters of recent processors follow a meter within a few per cent; those of memory
have a constant offset on some machines and are worst when idle (Desrochers, Paradis, Weaver: "A
Validation of DRAM RAPL Power Measurements", MEMSYS 2016). The errors stated here are our own
allowance for that, set wide.
"""

import errno
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from joulebook.clock import Clock
from joulebook.errors import Fatal, Gone, ProbeError, Retry
from joulebook.probes.protocol import Found, Holder, Reading, Sensor
from joulebook.probes.rapl.powercap import Metered, select, zones

GAIN_ERROR_PACKAGE = 0.05
GAIN_ERROR_DRAM = 0.2
#: The counter moves about every 1 ms (Intel SDM vol. 3B, "RAPL Interfaces").
UPDATE_US = 1_000
#: Usual step of it, 2^-14 J.
RESOLUTION_UJ = 61
#: Where the zone does not tell its highest power: no package sold draws as much, mW.
MOST_POWER_MW = 1_000_000
#: Where it does: so many times that, and no less than this, mW. A package with a limit of 125 W was
#: seen at 253 W, one of 15 W at 64 W (their short-term limits); a wrap that is missed is 262 kJ.
ABOVE_CONSTRAINT = 4
LEAST_POWER_MW = 100_000

#: Opens the counters of all zones to a group: now, and by a rule at every start.
CURE = """\
sudo groupadd -f joulebook && sudo usermod -aG joulebook "$USER"
sudo find /sys/devices/virtual/powercap -name energy_uj -exec chgrp joulebook {} + \\
  -exec chmod g+r {} +
then log in again; to keep it over a restart, one line in /etc/udev/rules.d/70-joulebook.rules:
SUBSYSTEM=="powercap", KERNEL=="intel-rapl*:*", ACTION=="add", \
RUN+="/bin/sh -c 'chgrp joulebook /sys%p/energy_uj; chmod g+r /sys%p/energy_uj'"
or give a service the capability CAP_DAC_READ_SEARCH"""

_WHY_ABSENT = (
    ": virtual machines have none as a rule; on bare metal, load the module intel_rapl_msr"
    " (sudo modprobe intel_rapl_msr)"
)
_LONGEST_NUMBER = 32
_VANISHED = (errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.ESTALE)
_DENIED = (errno.EACCES, errno.EPERM)


class RaplProbe:
    """All RAPL packages and their memory.

    Each counter's file stays open: a read of it costs about 1 µs, opening it anew 16 µs.
    Values are passed on raw; `joulebook.core.counters` knows about wraps.

    Args:
        clock: Where the time of a reading comes from.
        sysfs_root: The sysfs tree, usually ``/sys``.
        machine_id: Names this machine in the uids.
    """

    name = "rapl"

    def __init__(self, clock: Clock, sysfs_root: Path, machine_id: str) -> None:
        self._clock = clock
        self._folder = sysfs_root / "class" / "powercap"
        self._machine_id = machine_id
        self._files: dict[str, int] = {}
        self._paths: dict[str, Path] = {}

    def find(self) -> Found:
        """All zones to meter; none where there is no powercap tree (most virtual machines)."""
        try:
            metered, dropped = select(zones(self._folder))
        except (FileNotFoundError, NotADirectoryError):
            return Found(absent=f"there is no {self._folder}{_WHY_ABSENT}")
        except OSError as error:
            return Found(sensors=(_unlisted(self._folder, error),))
        sensors = [self._sensor(index, entry) for index, entry in enumerate(metered)]
        absent = None if sensors else f"there is no package in {self._folder}{_WHY_ABSENT}"
        return Found(tuple(sensors), tuple(dropped), absent)

    def read(self, sensor: Sensor) -> Reading:
        """The counter's raw value.

        Raises:
            Retry: It gave no number this time.
            Gone: The zone vanished, or the probe is closed.
            Fatal: Permission was taken away.
        """
        uid = sensor.uid or ""
        if uid not in self._paths:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        try:
            text = os.pread(self._file(uid), _LONGEST_NUMBER, 0)
        except OSError as error:
            self._forget(uid)
            raise _translated(self._paths[uid], error) from error
        at_us = self._clock.monotonic_us()
        if not text.strip().isdigit():
            raise Retry(f"{self._paths[uid]} holds no number: {text!r}")
        return Reading(at_us, counter_uj=int(text))

    def reader(self, sensor: Sensor) -> Callable[[], int]:
        """A quick reader of one counter, µJ: a single read of the open file.

        Raises:
            ProbeError: The counter cannot be opened. So does a call of the reader that fails.
        """
        path = self._paths.get(sensor.uid or "")
        if path is None:
            raise Gone(f"{sensor.name} was not found, or its probe is closed")
        descriptor, pread = self._file(sensor.uid or ""), os.pread

        def read() -> int:
            try:
                return int(pread(descriptor, _LONGEST_NUMBER, 0))
            except OSError as error:
                raise _translated(path, error) from error
            except ValueError as error:
                raise Retry(f"{path} holds no number") from error

        return read

    def holders(self, sensor: Sensor) -> Sequence[Holder] | None:  # noqa: ARG002 - protocol
        """Nobody holds a package; its energy is shared by CPU time."""
        return None

    def close(self) -> None:
        """Close the counters' files."""
        for uid in list(self._files):
            self._forget(uid)
        self._paths.clear()

    def _sensor(self, index: int, metered: Metered) -> Sensor:
        path = metered.zone.path
        is_package = metered.zone.is_package
        kind = "cpu" if is_package else "dram"
        uid = f"{kind}:{self._machine_id}:{metered.package}"
        error = self._try(uid, path / "energy_uj")
        return Sensor(
            uid=uid,
            index=index,
            kind=kind,
            scope="package" if is_package else "dram",
            additive=True,
            name=f"CPU {metered.package}" if is_package else f"DRAM of {metered.package}",
            vendor="unknown",  # the tree has Intel's name on AMD too
            method=None if error else "counter",
            range_uj=_number(path / "max_energy_range_uj"),
            max_power_mw=_max_power_mw(path),
            gain_error=GAIN_ERROR_PACKAGE if is_package else GAIN_ERROR_DRAM,
            resolution_uj=RESOLUTION_UJ,
            update_us=UPDATE_US,
            problem=str(error) if error else None,
            cure=CURE if isinstance(error, Fatal) else None,
            source=str(path / "energy_uj"),
        )

    def _try(self, uid: str, path: Path) -> ProbeError | None:
        """Open the counter; why it cannot be read, or None."""
        self._forget(uid)
        self._paths[uid] = path
        try:
            os.pread(self._file(uid), _LONGEST_NUMBER, 0)
        except OSError as error:
            self._forget(uid)
            del self._paths[uid]
            return _translated(path, error)
        return None

    def _file(self, uid: str) -> int:
        """The open file of a counter; anew where the one held was replaced by another."""
        if uid in self._files and not os.fstat(self._files[uid]).st_nlink:
            self._forget(uid)
        if uid not in self._files:
            self._files[uid] = os.open(self._paths[uid], os.O_RDONLY | os.O_CLOEXEC)
        return self._files[uid]

    def _forget(self, uid: str) -> None:
        if uid in self._files:
            os.close(self._files.pop(uid))


def _translated(path: Path, error: OSError) -> Retry | Gone | Fatal:
    if error.errno in _VANISHED:
        return Gone(f"{path} vanished")
    if error.errno in _DENIED:
        return Fatal(f"no permission to read {path}: kernels keep it to root since CVE-2020-8694")
    return Retry(f"{path} cannot be read: {error.strerror}")


def _unlisted(folder: Path, error: OSError) -> Sensor:
    return Sensor(
        uid=None,
        index=0,
        kind="cpu",
        scope="package",
        additive=True,
        name="CPU packages",
        vendor="unknown",
        method=None,
        problem=f"{folder} cannot be listed: {error.strerror}",
    )


def _number(path: Path) -> int | None:
    """A whole number above 0 in a file; None where there is none to be had."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    return int(text) or None if text.isascii() and text.isdecimal() else None


def _max_power_mw(zone: Path) -> int:
    """The most that the zone can draw, mW: well above the highest constraint (µW in sysfs).

    What is told there is what the package may draw for long; for a while it draws a multiple.
    """
    told = (_number(path) for path in zone.glob("constraint_*_max_power_uw"))
    most_uw = max((value for value in told if value is not None), default=0)
    if not most_uw:
        return MOST_POWER_MW
    return max(ABOVE_CONSTRAINT * most_uw // 1_000, LEAST_POWER_MW)
