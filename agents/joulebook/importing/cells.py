"""One row of a file of readings, cell by cell; what is wrong with a cell is noted with its line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from fractions import Fraction
from typing import TypeVar

from joulebook.core.units import QUARTER_US
from joulebook.importing import values
from joulebook.importing.columns import ENERGY_UJ, POWER_W, QUALITY, WORK, Columns
from joulebook.importing.problems import Problems
from joulebook.wire.meter_rules import MAX_POWER_MW
from joulebook.wire.records import DEVICE_KINDS, JOB_KINDS, SCOPES
from joulebook.wire.rules import MAX_FUTURE_US, amount, choice, number

#: The longest row; a mistyped year would make a window for every quarter hour since.
MAX_ROW_US = 366 * 96 * QUARTER_US

_CHOICES = {"device_kind": DEVICE_KINDS, "scope": SCOPES, "kind": JOB_KINDS}
_NJ_PER_UJ = 1_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """How to read a file.

    Attributes:
        now_us: Wall clock, µs since the Unix epoch.
        host: Name of the host of rows that name none; their device's uid if None.
        tz: Zone of times without an offset; None where each must state its own.
        delimiter: What separates columns.
        decimal: What stands between whole and part of a number.
    """

    now_us: int
    host: str | None = None
    tz: tzinfo | None = None
    delimiter: str = ","
    decimal: str = "."


@dataclass(frozen=True, slots=True)
class Cells:
    """One row.

    Attributes:
        line: Line of the file.
        texts: Its cells, one per column.
        columns: Where the columns stand.
        options: How to read them.
        problems: Told of every cell that cannot be read.
    """

    line: int
    texts: Sequence[str]
    columns: Columns
    options: Options
    problems: Problems

    def fault(self, column: str, reason: str) -> None:
        """Note that this row is wrong."""
        self.problems.add(self.line, column, reason)

    def text(self, name: str) -> str:
        """A text, or one of the words that a column takes; empty without one."""
        position = self.columns.at.get(name)
        return "" if position is None else self._read(name, position, _reader_of(name)) or ""

    def span(self) -> tuple[int, int] | None:
        """Start and end, µs since the Unix epoch; None where they cannot be read."""
        start_us = self._value("start", self._moment)
        if self.columns.end == "end":
            end_us = self._value("end", self._moment)
        else:
            length_us = self._value("duration_s", self._duration)
            end_us = None if start_us is None or length_us is None else start_us + length_us
        if start_us is None or end_us is None:
            return None
        if reason := self._misfit(start_us, end_us):
            self.fault(self.columns.end, reason)
            return None
        return start_us, end_us

    def energy_uj(self, span: tuple[int, int] | None) -> int | None:
        """Energy, µJ, rounded once; None where it cannot be read."""
        name = self.columns.amount
        told = self._value(name, self._at_least_zero)
        if told is None or span is None:
            return None
        length_us = span[1] - span[0]
        # One W·µs is a microjoule.
        energy_uj = round(told * (length_us if name == POWER_W else ENERGY_UJ[name]))
        if energy_uj * _NJ_PER_UJ > MAX_POWER_MW * length_us:
            self.fault(name, "comes to more than a megawatt on one device; check the unit")
        return energy_uj

    def error_percent(self) -> Fraction | None:
        """Stated error of the meter, per cent; None where the row states none."""
        if not self.text("error_percent"):
            return None
        return self._value(
            "error_percent", lambda text: values.error_percent(text, self.options.decimal)
        )

    def work(self) -> dict[str, Fraction]:
        """Units of work; an empty cell states none."""
        return self._amounts(WORK, self._work_amount)

    def quality(self) -> dict[str, float]:
        """Scores; an empty cell states none."""
        return self._amounts(QUALITY, self._score)

    def _amounts(self, prefix: str, read: Callable[[str], T]) -> dict[str, T]:
        columns = self.columns.work if prefix == WORK else self.columns.quality
        there = {name: at for name, at in columns.items() if self.texts[at].strip()}
        told = {name: self._read(prefix + name, at, read) for name, at in there.items()}
        return {name: value for name, value in told.items() if value is not None}

    def _value(self, name: str, read: Callable[[str], T]) -> T | None:
        return self._read(name, self.columns.at[name], read)

    def _read(self, name: str, position: int, read: Callable[[str], T]) -> T | None:
        try:
            return read(values.words(self.texts[position].strip()))
        except ValueError as error:
            self.fault(name, values.reason_of(error))
            return None

    def _misfit(self, start_us: int, end_us: int) -> str | None:
        if end_us <= start_us:
            return "is not after the start"
        if end_us - start_us > MAX_ROW_US:
            return "makes the row longer than 366 days; check the year, or split the row"
        if end_us > self.options.now_us + MAX_FUTURE_US:
            return "makes the row end more than a day in the future"
        return None

    def _moment(self, text: str) -> int:
        return values.moment_us(text, self.options.tz, self.options.now_us)

    def _duration(self, text: str) -> int:
        return values.duration_us(text, self.options.decimal)

    def _at_least_zero(self, text: str) -> Fraction:
        return values.at_least_zero(text, self.options.decimal)

    def _work_amount(self, text: str) -> Fraction:
        told = self._at_least_zero(text)
        amount("", float(told))
        return told

    def _score(self, text: str) -> float:
        told = float(values.number(text, self.options.decimal))
        number("", told)
        return told


def _reader_of(name: str) -> Callable[[str], str]:
    if name == "additive":
        return lambda text: text and str(values.truth(text)).lower()
    if name in _CHOICES:
        return lambda text: _one_of(name, text)
    return str


def _one_of(name: str, text: str) -> str:
    if text:
        choice("", text, _CHOICES[name])
    return text
