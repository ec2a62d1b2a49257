"""The page of one inference server."""

from collections.abc import Callable

from joulebook.core.prometheus_text import Page, parse
from joulebook.core.serving_names import PREFIXES

#: Gives the text at a URL, or raises `Retry` with the reason. It is handed in: who may ask whom
#: over the network, for how long and for how much, is decided in one place for all pages.
Fetch = Callable[[str], str]


class ServingPage:
    """Reads a page.

    Args:
        url: Where it is.
        fetch: Gets it.
    """

    def __init__(self, url: str, fetch: Fetch) -> None:
        self.url = url
        self._fetch = fetch

    def read(self) -> Page:
        """What the page shows now of an inference server.

        Raises:
            Retry: It gave no text that can be used.
        """
        return parse(self._fetch(self.url), PREFIXES)
