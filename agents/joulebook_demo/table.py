"""A table for people: text in, text out; it knows nothing of what it shows."""

import textwrap
from collections.abc import Sequence

GAP = "  "


def render(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Columns side by side where they fit, else one block of lines a row.

    Args:
        heads: Names of the columns; a line break makes a head of two lines.
        rows: Cells as text, as many as there are heads; the first names the row.
        width: Columns of the terminal.
    """
    sizes = [_widest(column) for column in zip(heads, *rows, strict=True)]
    if sum(sizes) + len(GAP) * (len(sizes) - 1) > width:
        return "\n\n".join(_block(heads, row) for row in rows)
    lines = [*_head_lines(heads), ["-" * size for size in sizes], *rows]
    return "\n".join(_line(cells, sizes) for cells in lines)


def notes(texts: Sequence[str], width: int) -> str:
    """Paragraphs below a table, wrapped, each with a hanging indent."""
    return "\n".join(
        textwrap.fill(text, width, subsequent_indent="  ", break_on_hyphens=False) for text in texts
    )


def _widest(column: Sequence[str]) -> int:
    return max(len(line) for cell in column for line in cell.split("\n"))


def _head_lines(heads: Sequence[str]) -> list[list[str]]:
    """Heads on as many lines as the tallest needs; the short ones stand at the bottom."""
    split = [head.split("\n") for head in heads]
    tall = max(len(lines) for lines in split)
    padded = [[""] * (tall - len(lines)) + lines for lines in split]
    return [[lines[number] for lines in padded] for number in range(tall)]


def _line(cells: Sequence[str], sizes: Sequence[int]) -> str:
    first = cells[0].ljust(sizes[0])
    rest = [cell.rjust(size) for cell, size in zip(cells[1:], sizes[1:], strict=True)]
    return GAP.join([first, *rest]).rstrip()


def _in_one_line(head: str) -> str:
    return head.replace("-\n", "").replace("\n/", "/").replace("\n", " ")


def _block(heads: Sequence[str], row: Sequence[str]) -> str:
    names = [_in_one_line(head) for head in heads]
    size = max(len(name) for name in names[1:])
    pairs = zip(names[1:], row[1:], strict=True)
    return "\n".join([row[0], *(f"{GAP}{name.ljust(size)}{GAP}{cell}" for name, cell in pairs)])
