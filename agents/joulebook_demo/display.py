"""How the rows read: cells, footnotes and sentences."""

from collections.abc import Sequence
from fractions import Fraction

from joulebook.core.units import MISSING, significant
from joulebook_demo.figures import Row

DASH = MISSING
#: Grams in one of each unit; the column takes the largest unit that its largest figure fills.
MASSES = {"kg": 1000.0, "g": 1.0, "mg": 1e-3, "\u00b5g": 1e-6}
#: Above this share of uncertainty a third digit would say nothing.
UNSURE = 0.05
#: A job shorter than this is few steps of a sensor or of the CPU clock (10 ms), s.
SHORT_S = 1.0
#: Method in a narrow column; what is mixed is told in a footnote.
MIXED = "mixed"


def heads(rows: Sequence[Row]) -> list[str]:
    """Names of the columns."""
    return [
        "variant",
        "accu-\nracy",
        "size\nkB",
        "samples\n/s",
        "J per 1000\ninferences",
        "train\nWh",
        "method",
        "cover-\nage",
        f"{mass_unit(rows)}CO2e\n/million",
    ]


def cells(row: Row, unit: str) -> list[str]:
    """One row as text; a dash where there is no figure."""
    return [
        row.label,
        _percent(row.accuracy, 1),
        f"{row.size_bytes / 1000:.0f}",
        _figure(row.rate),
        _energy(row),
        _figure(row.build_wh),
        _method(row.methods),
        _percent(row.coverage, 0),
        _mass(row.per_million_g, MASSES[unit]),
    ]


def mass_unit(rows: Sequence[Row]) -> str:
    """The unit of the CO2e column."""
    largest = max((row.per_million_g[1] for row in rows if row.per_million_g), default=1.0)
    return next((unit for unit, grams in MASSES.items() if largest >= grams), "\u00b5g")


def footnotes(rows: Sequence[Row]) -> list[str]:
    """What a reader must know of the figures in the table."""
    texts = [
        (
            "accuracy: of unseen test images. J per 1000 inferences: \u00b1 is the sensor's whole "
            "uncertainty. train Wh: training or compression of that variant alone, without the "
            "float32 model it started from."
        ),
    ]
    methods = {method for row in rows for method in row.methods}
    if len(methods) > 1:
        texts.append(f"mixed: measured by {', '.join(sorted(methods))}.")
    if "estimated" in methods:
        texts.append(
            "estimated: this machine shows no energy counter, so energy follows the CPU time "
            "used; that one kernel draws more power per second than another is not seen."
        )
    if short := [row.label for row in rows if _is_short(row)]:
        texts.append(
            f"train Wh of {', '.join(short)}: a job of less than a second, close to what the "
            "sensor can resolve."
        )
    return [*texts, *_dashes(rows)]


def _is_short(row: Row) -> bool:
    return row.build_wh is not None and row.build_s is not None and row.build_s < SHORT_S


def _dashes(rows: Sequence[Row]) -> list[str]:
    """Why a cell holds a dash."""
    texts = []
    if any(row.per_1000_j is None for row in rows):
        texts.append(
            f"{DASH} J per 1000 inferences: the server holds no energy of these jobs; "
            "`joulebook doctor` tells which sensors there are."
        )
    if short := [row.label for row in rows if row.build_wh is None]:
        texts.append(
            f"{DASH} train Wh of {', '.join(short)}: no energy was booked to that job; "
            "it is missing, or too short for this machine's sensor."
        )
    if any(row.coverage is None for row in rows):
        texts.append(f"{DASH} coverage: part of the jobs has none on the server.")
    return texts


def _percent(share: float | None, digits: int) -> str:
    return DASH if share is None else f"{100 * share:.{digits}f} %"


def _figure(value: float | None, digits: int = 3) -> str:
    return DASH if value is None else significant(Fraction(value), digits)


def _energy(row: Row) -> str:
    if row.per_1000_j is None:
        return DASH
    if row.per_1000_error_j is None:
        return f"{_figure(row.per_1000_j)} \u00b1?"
    share = row.per_1000_error_j / row.per_1000_j
    digits = 2 if share > UNSURE else 3
    return f"{_figure(row.per_1000_j, digits)} \u00b1{100 * share:.0f} %"


def _method(methods: Sequence[str]) -> str:
    if not methods:
        return DASH
    return methods[0] if len(methods) == 1 else MIXED


def _mass(grams: tuple[float, float] | None, unit: float) -> str:
    if grams is None:
        return DASH
    if grams[0] == grams[1]:
        return _figure(grams[0] / unit)
    return "\u2013".join(_figure(mass / unit, 2) for mass in grams)
