"""Prometheus' text exposition format, read from servers that we do not know.

Format: prometheus.io, "Exposition formats", text format 0.0.4. Of OpenMetrics 1.0 the closing
``# EOF`` and exemplars are understood. Types and help texts are comments here, and a timestamp is
not kept: its unit differs between the two formats.

A line that is broken is left out and told; the others count. Whether a page of which something was
left out can still be used is the caller's to say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

#: A longer text is read as far as this, characters.
MOST_CHARS = 8 << 20
#: So many samples are kept; a server shows some hundreds.
MOST_SAMPLES = 50_000
#: So many of the lines that were left out are told; all are counted.
MOST_TOLD = 20

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?=[{\s])")
_LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"([^"\\]*(?:\\.[^"\\]*)*)"\s*')
_SPACE = re.compile(r"\s*")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}
# Bounded: text that is long without need must not become work.
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_EOF = "# EOF"
_MOST_FIGURES = 2  # the value and a timestamp


@dataclass(frozen=True, slots=True)
class Sample:
    """One line.

    Attributes:
        name: Name of the metric.
        labels: Its labels, without their escapes.
        value: Exactly as written; None where it is no finite number (NaN, an infinity, or no
            number at all).
    """

    name: str
    labels: Mapping[str, str]
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is no sample.

    Attributes:
        number: Which line, from 1 on.
        reason: What is wrong with it.
    """

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """What a text holds.

    Attributes:
        samples: All samples that were asked for, in their order.
        left_out: The first lines that were left out.
        lost: How many were.
    """

    samples: tuple[Sample, ...]
    left_out: tuple[LeftOut, ...] = ()
    lost: int = 0

    def named(self, *names: str) -> list[Sample]:
        """The samples of the first of these names that has any."""
        for name in names:
            found = [sample for sample in self.samples if sample.name == name]
            if found:
                return found
        return []


class _Broken(ValueError):  # noqa: N818 - named by what it is
    """A line is no sample."""


def parse(
    text: str,
    prefixes: tuple[str, ...] = ("",),
    *,
    most_chars: int = MOST_CHARS,
    most_samples: int = MOST_SAMPLES,
) -> Page:
    """Read a text; never raises, whatever it holds.

    Args:
        text: The text.
        prefixes: How the names of the samples begin that are asked for; of other lines only the
            name is looked at.
        most_chars: How much of the text is read, characters; what lies beyond counts as one line
            that was left out.
        most_samples: How many samples are kept; further lines are left out.
    """
    samples: list[Sample] = []
    lines, end = _lines(text, most_chars)
    lost: list[LeftOut] = []
    count = 0
    for number, line in lines:
        try:
            sample = _sample(line, prefixes)
            if sample is not None:
                _append(samples, sample, most_samples)
        except _Broken as broken:
            count += 1
            if count <= MOST_TOLD:
                lost.append(LeftOut(number, str(broken)))
    lost += () if end is None else (end,)
    return Page(tuple(samples), tuple(lost), count + (end is not None))


def _append(samples: list[Sample], sample: Sample, most: int) -> None:
    if len(samples) >= most:
        raise _Broken(f"there are more than {most} samples")
    samples.append(sample)


def _lines(text: str, most_chars: int) -> tuple[list[tuple[int, str]], LeftOut | None]:
    """Lines that hold a sample, up to the end that OpenMetrics marks, and what is cut off."""
    lines = text[:most_chars].split("\n")
    last = lines.pop().strip()  # its end of line is missing
    found: list[tuple[int, str]] = []
    for number, line in enumerate(map(str.strip, lines), start=1):
        if line == _EOF:
            return found, None
        if line and not line.startswith("#"):
            found.append((number, line))
    if len(text) > most_chars:
        return found, LeftOut(len(lines) + 1, f"the text is longer than {most_chars} characters")
    if last not in ("", _EOF):  # digits may be missing
        return found, LeftOut(len(lines) + 1, f"it was cut short: {last!r:.60} has no end of line")
    return found, None


def _sample(line: str, prefixes: tuple[str, ...]) -> Sample | None:
    name = _NAME.match(line)
    if name is None:
        raise _Broken(f"{line!r:.60} is no metric")
    if not line.startswith(prefixes):
        return None
    labels, end = _labels(line, name.end())
    figures = line[end:].partition("#")[0].split()
    if not figures:
        raise _Broken(f"{line!r:.60} has no value")
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
            raise _Broken(f"the labels of {line!r:.60} are broken")
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
