"""One small file of procfs or sysfs, or None where it tells nothing.

For what may be missing without being an error. Where a missing value is one, read it yourself.
"""

from pathlib import Path


def text_of(path: Path) -> str | None:
    """What the file says, without blanks around it; None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def number_in(path: Path) -> int | None:
    """The whole number in the file; None where there is none to be had."""
    text = text_of(path) or ""
    return int(text) if text.isascii() and text.isdigit() else None
