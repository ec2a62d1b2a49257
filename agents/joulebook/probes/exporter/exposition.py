"""Prometheus' text exposition format, as far as a few metrics need it.

Format: prometheus.io, "Exposition formats", text format 0.0.4. Of OpenMetrics 1.0 the closing
``# EOF`` and exemplars are understood. Types and help texts are comments here, and a timestamp is
not kept: its unit differs between the two formats.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=[{\s])")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"([^"\\]*(?:\\.[^"\\]*)*)"\s*')
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
# Bounded: text that is long without need must not become work.
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_EOF = "# EOF"
_MOST_FIGURES = 2  # the value and a timestamp


class NotExposition(ValueError):  # noqa: N818 - named by what it is
    """The text is not of this format, or was cut short."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One line.

    Attributes:
        name: Name of the metric.
        labels: Its labels, without their escapes.
        value: Exactly as written; None where it is no finite number.
    """

    name: str
    labels: Mapping[str, str]
    value: Decimal | None


def parse(text: str, prefixes: tuple[str, ...] = ("",)) -> list[Sample]:
    """All samples whose names start with one of `prefixes`; other lines are looked at briefly.

    A value that is no number leaves its sample without one. A line that is broken otherwise
    spoils the whole text, as it does for Prometheus: what else is wrong there, nobody knows.

    Raises:
        NotExposition: A line is no sample, or the last line has no end: then digits may be missing.
    """
    return [sample for line in _lines(text) if (sample := _sample(line, prefixes)) is not None]


def _lines(text: str) -> Iterator[str]:
    """Lines that hold a sample, up to the end that OpenMetrics marks."""
    lines = text.split("\n")
    if lines[-1].strip() not in ("", _EOF):
        raise NotExposition(f"it was cut short: {lines[-1]!r:.60} has no end of line")
    for line in map(str.strip, lines):
        if line == _EOF:
            return
        if line and not line.startswith("#"):
            yield line


def _sample(line: str, prefixes: tuple[str, ...]) -> Sample | None:
    name = _NAME.match(line)
    if name is None:
        raise NotExposition(f"{line!r:.60} is no metric")
    if not line.startswith(prefixes):
        return None
    labels, end = _labels(line, name.end())
    figures = line[end:].partition("#")[0].split()
    if not figures:
        raise NotExposition(f"{line!r:.60} has no value")
    return Sample(name[0], labels, _value(figures))


def _labels(line: str, at: int) -> tuple[dict[str, str], int]:
    """The labels that begin at `at`, if any do, and where they end."""
    at = _after_space(line, at)
    labels: dict[str, str] = {}
    if not line.startswith("{", at):
        return labels, at
    at = _after_space(line, at + 1)
    while not line.startswith("}", at):
        label = _LABEL.match(line, at)
        if label is None or line[label.end() : label.end() + 1] not in (",", "}"):
            raise NotExposition(f"the labels of {line!r:.60} are broken")
        labels[label[1]] = _ESCAPE.sub(_unescaped, label[2])
        at = label.end()
        if line[at] == ",":
            at = _after_space(line, at + 1)
    return labels, at + 1


def _after_space(line: str, at: int) -> int:
    space = _SPACE.match(line, at)
    return space.end() if space is not None else at


def _unescaped(escape: re.Match[str]) -> str:
    """What an escape stands for; one that the format does not know stands for itself."""
    return _ESCAPED.get(escape[1], escape[0])


def _value(figures: list[str]) -> Decimal | None:
    if len(figures) > _MOST_FIGURES or not all(map(_NUMBER.fullmatch, figures)):
        return None
    return Decimal(figures[0])
