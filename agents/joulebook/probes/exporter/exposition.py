"""An exporter's text: whole, or none of it.

The format is that of `joulebook.core.prometheus_text`. There a broken line is left out; here it
spoils the whole text, as it does for Prometheus: what else is wrong there, nobody knows.
"""

from joulebook.core.prometheus_text import Sample
from joulebook.core.prometheus_text import parse as parse_page

__all__ = ["NotExposition", "Sample", "parse"]


class NotExposition(ValueError):  # noqa: N818 - named by what it is
    """The text is not of this format, or was cut short."""


def parse(text: str, prefixes: tuple[str, ...] = ("",)) -> list[Sample]:
    """All samples whose names start with one of `prefixes`; other lines are looked at briefly.

    Raises:
        NotExposition: A line is no sample, or the last line has no end: then digits may be missing.
    """
    page = parse_page(text, prefixes)
    if page.lost:
        raise NotExposition(page.left_out[0].reason)
    return list(page.samples)
