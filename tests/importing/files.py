"""Small files of readings for tests."""

from collections.abc import Iterable
from datetime import tzinfo

from joulebook.importing.cells import Options
from joulebook.importing.reading import read
from joulebook.importing.records import Readings

NOW_US = 1_795_428_000_000_000  # 2026-11-23T10:00:00Z
DAY = "2026-05-04"


def file(header: str, *rows: str) -> str:
    """A file with these lines."""
    return "".join(f"{line}\n" for line in (header, *rows))


def readings(
    header: str,
    *rows: str,
    host: str | None = None,
    tz: tzinfo | None = None,
    delimiter: str = ",",
    decimal: str = ".",
) -> Readings:
    """What such a file says."""
    options = Options(NOW_US, host, tz, delimiter, decimal)
    return read(file(header, *rows).splitlines(keepends=True), options)


def seconds(energies: Iterable[str | int], device: str = "phone", start: int = 0) -> list[str]:
    """Rows ``start,duration_s,device,energy_uj`` of a second each, one after the other."""
    return [
        f"{DAY}T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}Z,1,{device},{energy}"
        for at, energy in enumerate(energies, start)
    ]
