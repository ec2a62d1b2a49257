"""Pictures of every page, on two hours of two simulated hosts.

    python -m scripts.screenshots FOLDER    # `make screenshots` does this

Writes PAGE-light.png, PAGE-dark.png and PAGE-narrow.png of every page into the folder.
"""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from playwright.sync_api import Browser
from tests.browser import chromium
from tests.browser.hours import MINUTE_US, MINUTES, now_us, two_hours
from tests.browser.plan import DIGITS, RUNNING
from tests.browser.server import serving

from joulebook.wire import format_time

PAGES = MappingProxyType(
    {
        "overview": "/?from={start}&to={end}",
        "jobs": "/jobs",
        "job": f"/jobs/{RUNNING}",
        "models": "/models?period=24h",
        "model": f"/models/{DIGITS}?period=24h",
        "fleet": "/fleet",
    }
)
#: Contexts of the browser by the word in the file's name; sharp on screens of two pixels a point.
LOOKS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}},
        "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 800}},
        "narrow": {"color_scheme": "light", "viewport": {"width": 420, "height": 800}},
    }
)
WORDS = 2


def main(words: Sequence[str]) -> int:
    """Write the pictures; 1 without a browser, 2 for a wrong call."""
    if len(words) != WORDS:
        print("usage: python -m scripts.screenshots FOLDER", file=sys.stderr)
        return 2
    path = chromium.find()
    if path is None:
        print(f"screenshots: {chromium.MISSING}", file=sys.stderr)
        return 1
    folder = Path(words[1])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch)) as server:
        end_us = now_us()
        server.push(two_hours(end_us))
        with chromium.started(path) as browser:
            for look in LOOKS:
                _draw(browser, server.url, look, folder, end_us)
    return 0


def _draw(browser: Browser, home: str, look: str, folder: Path, end_us: int) -> None:
    """All pages in one look."""
    filled = {"start": format_time(end_us - MINUTES * MINUTE_US), "end": format_time(end_us)}
    context = browser.new_context(**LOOKS[look], device_scale_factor=2, reduced_motion="reduce")
    page = context.new_page()
    for name, path in PAGES.items():
        answer = page.goto(f"{home}{path.format(**filled)}", wait_until="load")
        if answer is None or not answer.ok:
            raise SystemExit(f"screenshots: {path} is no page: {answer and answer.status}")
        file = folder / f"{name}-{look}.png"
        page.screenshot(path=file, full_page=True)
        print(file)
    context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
