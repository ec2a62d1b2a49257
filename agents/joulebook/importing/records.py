"""What a file of readings says of devices and jobs, put together from its rows."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from joulebook.importing.problems import Problems
from joulebook.probes.protocol import Sensor
from joulebook.wire.rules import shown

#: What a sensor of one kind covers where the file does not say.
_SCOPE = {"gpu": "gpu", "cpu": "package", "dram": "dram", "host": "host"}
METHOD = "external"
#: A host of this kind is a name for what was imported. No agent is present on it, so it can touch
#: neither the presence nor the coverage of a machine that has one.
HOST_PREFIX = "external:"


@dataclass(slots=True)
class Facts:
    """What rows say of one thing: each fact once, on whatever line it stands."""

    of: str
    stated: dict[str, tuple[str, int]] = field(default_factory=dict)

    def state(self, line: int, column: str, value: str, problems: Problems) -> None:
        """Take a fact; a second one that differs is a fault, an empty cell says nothing."""
        if not value:
            return
        known, before = self.stated.setdefault(column, (value, line))
        if known != value:
            reason = f"{shown(value)} here, but {shown(known)} on line {before}, for {self.of}"
            problems.add(line, column, reason)

    def get(self, column: str) -> str | None:
        """The fact, or None where no row states it."""
        return self.stated[column][0] if column in self.stated else None


@dataclass(slots=True)
class DeviceNote:
    """One device of one host.

    Attributes:
        host: Name of the host that it counts as.
        uid: Its id.
        facts: Kind, scope, name and whether it is additive, as the rows say.
    """

    host: str
    uid: str
    facts: Facts

    @property
    def additive(self) -> bool:
        """False where it contains another device, and is shown beside it."""
        return self.facts.get("additive") != "false"

    def sensor(self) -> Sensor:
        """The device, as metering knows devices."""
        kind = self.facts.get("device_kind") or "other"
        return Sensor(
            uid=self.uid,
            index=0,
            kind=kind,
            scope=self.facts.get("scope") or _SCOPE.get(kind, "other"),
            additive=self.additive,
            name=self.facts.get("device_name") or self.uid,
            vendor="unknown",
            method=METHOD,
        )


@dataclass(slots=True)
class JobNote:
    """What one host's rows say of one job.

    Attributes:
        host: Name of the host.
        given: The job's uid as the file gives it; None where rows have labels alone.
        facts: Its labels.
        start_us, end_us: From the first of its rows to the last, µs since the Unix epoch.
        work: Units of work, summed over its rows, exact.
        quality: Scores, each with the start of the row that told it; the latest counts.
        devices: uids of the devices of its rows.
        uid: Its id, once all rows are in.
        reporter: Who counts its work, once all rows are in.
    """

    host: str
    given: str | None
    facts: Facts
    start_us: int = 2**63
    end_us: int = 0
    work: dict[str, Fraction] = field(default_factory=dict)
    quality: dict[str, tuple[int, float]] = field(default_factory=dict)
    devices: set[str] = field(default_factory=set)
    uid: str = ""
    reporter: str = ""

    def add(
        self, span: tuple[int, int], work: Mapping[str, Fraction], quality: Mapping[str, float]
    ) -> None:
        """Take a row in; of several scores the one of the row that starts last counts."""
        self.start_us = min(self.start_us, span[0])
        self.end_us = max(self.end_us, span[1])
        for unit, amount in work.items():
            self.work[unit] = self.work.get(unit, Fraction(0)) + amount
        for metric, score in quality.items():
            told = (span[0], score)
            self.quality[metric] = max(told, self.quality.get(metric, told))

    def settle(self) -> None:
        """Name job and reporter by what they are, so that the names are the same each time.

        Without a uid a job is its host, labels and start. The reporter is host, devices and start:
        a file with the same first row and more after it replaces what an earlier one said of the
        job's work, and one with other rows adds to it.
        """
        labels = sorted((column, value) for column, (value, _) in self.facts.stated.items())
        self.uid = self.given or _name(self.host, labels, self.start_us)
        self.reporter = _name(self.host, sorted(self.devices), self.start_us)


def _name(*told: object) -> str:
    return f"import:{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Row:
    """One reading, in whole units.

    Attributes:
        line: Line of the file.
        device: Whose it is.
        job: What it was for; None where the file does not say.
        start_us, end_us: Half-open interval, µs since the Unix epoch.
        energy_uj: Energy, µJ.
        error_uj: Its systematic error, µJ, rounded up.
    """

    line: int
    device: DeviceNote
    job: JobNote | None
    start_us: int
    end_us: int
    energy_uj: int
    error_uj: int


@dataclass(frozen=True, slots=True)
class Readings:
    """A whole file.

    Attributes:
        rows: All rows, by host, device and time; those of a device do not overlap.
        assumed: How many rows state no error, so that the default is assumed.
    """

    rows: list[Row]
    assumed: int
