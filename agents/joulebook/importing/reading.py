"""Readings of phones, boards and wall meters, from a CSV file; all of it is checked first.

The file need not be sorted. A row is kept as a few integers and is looked at once more when all are
sorted, so memory grows with the rows, and time hardly faster.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from joulebook.core.units import QUARTER_US, quarter_of
from joulebook.importing.cells import Cells, Options
from joulebook.importing.columns import HEADER_LINE, OF_DEVICES, OF_JOBS, columns_of
from joulebook.importing.problems import Problems
from joulebook.importing.records import HOST_PREFIX, DeviceNote, Facts, JobNote, Readings, Row
from joulebook.wire.rules import MAX_TEXT, shown

#: Error that is assumed where a row states none, per cent: that of our own estimate without any
#: sensor. Nobody said how sure the figure is, so it is trusted no more than that; 0 would be a lie.
DEFAULT_ERROR_PERCENT = Fraction(60)
#: The most rows, or quarter hours of rows, in one file: 14 years of one device.
MAX_PIECES = 500_000
MAX_HOST = MAX_TEXT - len(HOST_PREFIX)


def read(lines: Iterable[str], options: Options) -> Readings:
    """Read a whole file.

    Args:
        lines: Its lines with their ends, header first.
        options: How to read it.

    Raises:
        InvalidInput: Something is wrong; the text lists the lines.
    """
    problems = Problems()
    records = _records(lines, options.delimiter, problems)
    _, header = next(records, (HEADER_LINE, []))
    if not header and not problems.count:
        problems.add(HEADER_LINE, "", "the file is empty; it needs a header and rows")
    problems.refuse()
    columns, book = columns_of(header, problems), _Book(problems)
    for line, texts in records:
        if len(texts) != columns.count:
            reason = f"has {len(texts)} cells where the header has {columns.count}"
            problems.add(line, "", reason)
            continue
        book.take(Cells(line, texts, columns, options, problems))
        if book.pieces > MAX_PIECES:
            reason = f"more than {MAX_PIECES:,} rows or quarter hours; split the file"
            problems.add(line, "", reason)
            break
    return book.readings()


def _records(
    lines: Iterable[str], delimiter: str, problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with its first line: a quoted cell may hold several."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    before = 0
    try:
        for texts in reader:
            if any(text.strip() for text in texts):
                yield before + 1, texts
            before = reader.line_num
    except csv.Error as error:
        problems.add(before + 1, "", f"is no CSV: {error}")


class _Book:
    """What all rows say together.

    Attributes:
        pieces: Windows that the rows will make at most.
    """

    def __init__(self, problems: Problems) -> None:
        self.pieces = 0
        self._problems = problems
        self._rows: list[Row] = []
        self._assumed = 0
        self._devices: dict[tuple[str, str], DeviceNote] = {}
        self._jobs: dict[tuple[str, ...], JobNote] = {}
        self._facts: dict[str, Facts] = {}

    def take(self, cells: Cells) -> None:
        """Read one row; what is wrong with it is noted, and such a row is left out."""
        faults = self._problems.count
        span = cells.span()
        energy_uj, error = cells.energy_uj(span), cells.error_percent()
        device, job = self._device(cells), None
        labels = {name: cells.text(name) for name in ("job", *OF_JOBS)}
        work, quality = cells.work(), cells.quality()
        if any(labels.values()):
            job = self._job(cells, device.host, labels)
        elif work or quality:
            cells.fault("", "work and quality belong to a job: give the row a job, name or model")
        if span is None or energy_uj is None or self._problems.count > faults:
            return
        if job is not None:
            job.devices.add(device.uid)
            job.add(span, work, quality)
        self._assumed += error is None
        share = DEFAULT_ERROR_PERCENT if error is None else error
        error_uj = -(-energy_uj * share.numerator // (100 * share.denominator))
        self._rows.append(Row(cells.line, device, job, *span, energy_uj, error_uj))
        self.pieces += (quarter_of(span[1] - 1) - quarter_of(span[0])) // QUARTER_US + 1

    def readings(self) -> Readings:
        """All rows in order of host, device and time.

        Raises:
            InvalidInput: Anything was wrong, two rows of a device overlap, or there is no row.
        """
        rows = sorted(self._rows, key=lambda row: (row.device.host, row.device.uid, row.start_us))
        self._check_overlaps(rows)
        for row in rows:
            if row.job is not None and not row.device.additive:
                reason = "a device that is not additive is shown beside, so its rows have no job"
                self._problems.add(row.line, "additive", reason)
        if not rows and not self._problems.count:
            self._problems.add(HEADER_LINE, "", "there is no row below the header")
        self._problems.refuse()
        for note in self._jobs.values():
            note.settle()
        return Readings(rows, self._assumed)

    def _check_overlaps(self, rows: Sequence[Row]) -> None:
        """Two figures for one device and time cannot both count."""
        last: Row | None = None
        for before, row in pairwise(rows):
            if last is None or last.device is not before.device or before.end_us > last.end_us:
                last = before
            if last.device is row.device and row.start_us < last.end_us:
                reason = f"overlaps line {last.line}, of the same device"
                self._problems.add(row.line, "start", reason)

    def _device(self, cells: Cells) -> DeviceNote:
        uid = cells.text("device")
        if not uid:
            cells.fault("device", "is empty")
        host = cells.text("host") or cells.options.host or uid
        if len(host) > MAX_HOST:
            cells.fault("host", f"has {len(host)} characters; at most {MAX_HOST} are kept")
        note = self._devices.get((host, uid))
        if note is None:
            note = DeviceNote(host, uid, Facts(f"device {shown(uid)}"))
            self._devices[host, uid] = note
        for name in OF_DEVICES:
            note.facts.state(cells.line, name, cells.text(name), self._problems)
        return note

    def _job(self, cells: Cells, host: str, labels: Mapping[str, str]) -> JobNote:
        """The job of a row: that of its uid, else the one of all rows with these very labels."""
        uid = labels["job"]
        key = (host, uid) if uid else (host, "", *labels.values())
        note = self._jobs.get(key)
        if note is None:
            facts = Facts(f"job {shown(uid)}")
            facts = self._facts.setdefault(uid, facts) if uid else facts
            note = self._jobs[key] = JobNote(host, uid or None, facts)
        for name in OF_JOBS:
            note.facts.state(cells.line, name, labels[name], self._problems)
        return note
