"""Tables for people, narrow terminals included."""

import shutil
from collections.abc import Sequence

from joulebook.core.units import MISSING, THIN_SPACE

GAP = "  "


def render(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """A table that fits `width` columns; where it does not, one block of lines a row.

    Args:
        head: Names of the columns.
        rows: Cells as text; the columns whose every cell starts with a digit, a sign or a
            dash are right-aligned.
        width: Columns of the terminal; asked of the terminal if None.
    """
    head, rows = [_plain(cell) for cell in head], [[_plain(cell) for cell in row] for row in rows]
    room = width or shutil.get_terminal_size((100, 24)).columns
    sizes = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    if sum(sizes) + len(GAP) * (len(sizes) - 1) > room:
        return _stacked(head, rows)
    right = [_is_figures([row[index] for row in rows]) for index in range(len(head))]
    return "\n".join(_line(cells, sizes, right) for cells in (head, *rows))


def _plain(cell: str) -> str:
    """Names come from others: a line break or a terminal's control code must not act here."""
    return "".join(sign if sign.isprintable() or sign == THIN_SPACE else "\ufffd" for sign in cell)


def _line(cells: Sequence[str], sizes: Sequence[int], right: Sequence[bool]) -> str:
    padded = [
        cell.rjust(size) if flush else cell.ljust(size)
        for cell, size, flush in zip(cells, sizes, right, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _is_figures(cells: Sequence[str]) -> bool:
    return bool(cells) and all(cell[:1].isdigit() or cell[:1] in f"+-±{MISSING}" for cell in cells)


def _stacked(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    size = max(len(name) for name in head)
    blocks = [
        "\n".join(f"{name.ljust(size)}  {cell}" for name, cell in zip(head, row, strict=True))
        for row in rows
    ]
    return "\n\n".join(blocks)
