"""A page in the browser, and everything that went wrong on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, Response

#: Inside the page, never asked of anyone.
_WITHIN = ("data:", "blob:", "about:")
_NOT_FOUND = 404
_BAD = 400


@dataclass
class Watched:
    """A page that listens to its own complaints.

    Attributes:
        page: The page.
        home: URL of the server, the only one that may be asked.
        complaints: What the console, scripts, and requests complained of.
        missing: Path that may answer 404; the console says so as well.
    """

    page: Page
    home: str
    complaints: list[str] = field(default_factory=list)
    missing: str | None = None

    def open(self, path: str) -> None:
        """Go to a path of the server, and wait until all that it loads is there."""
        self.page.goto(f"{self.home}{path}", wait_until="load")

    def settle(self) -> None:
        """Wait until nothing is being loaded, and what was drawn is on the screen."""
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => done()))")

    def listen(self) -> None:
        """From now on, keep complaints."""
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("dialog", self._dialog)
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not self._may_miss(message.location["url"]):
            self.complaints.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()  # or the page would wait for ever

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.home}/", *_WITHIN)):
            self.complaints.append(f"asks another host: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= _BAD and not (
            response.status == _NOT_FOUND and self._may_miss(response.url)
        ):
            self.complaints.append(f"{response.status}: {response.url}")

    def _may_miss(self, url: str) -> bool:
        return self.missing is not None and url == f"{self.home}{self.missing}"


@dataclass(frozen=True)
class Look:
    """What one visit saw; many tests may ask about it.

    Attributes:
        complaints: What went wrong.
        headings: How many headings of the first level there are.
        charts: Of each chart whether it is drawn, and what it says to those who cannot see it.
    """

    complaints: list[str]
    headings: int
    charts: list[dict[str, Any]]


_CHARTS = """all => all.map(chart => ({
    drawn: chart.querySelector("svg path") !== null,
    role: chart.getAttribute("role"),
    label: chart.getAttribute("aria-label"),
}))"""


def look(browser: Browser, home: str, path: str) -> Look:
    """Visit a page, wait until it has settled, and leave."""
    with watching(browser, home) as watched:
        watched.open(path)
        watched.settle()
        page = watched.page
        charts = page.locator(".chart").evaluate_all(_CHARTS)
        return Look(watched.complaints, page.locator("h1").count(), charts)


@contextmanager
def watching(
    browser: Browser, home: str, *, scripts: bool = True, width: int = 1280
) -> Iterator[Watched]:
    """A page in a profile of its own, closed afterwards."""
    context = browser.new_context(
        java_script_enabled=scripts, viewport={"width": width, "height": 900}
    )
    try:
        watched = Watched(context.new_page(), home)
        watched.listen()
        yield watched
    finally:
        context.close()
