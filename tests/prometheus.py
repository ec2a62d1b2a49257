"""A real Prometheus on this machine."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.free_port import free_port

Ask = Callable[[str], list[dict[str, object]]]

_CONFIG = """
global:
  scrape_interval: 200ms
scrape_configs:
  - job_name: joulebook
    static_configs:
      - targets: [{target}]
"""


@contextmanager
def scraping(target: str, folder: Path) -> Iterator[Ask]:
    """Scrapes a page five times a second; what comes puts a question in PromQL to it.

    Args:
        target: Address and port of the page.
        folder: Where it keeps what it knows.
    """
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("needs a Prometheus (Debian package prometheus)")
    config = folder / "prometheus.yml"
    config.write_text(_CONFIG.format(target=target))
    listen = f"127.0.0.1:{free_port()}"
    words = [binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*words, f"--web.listen-address={listen}"], stderr=log)

    def answer(question: str) -> list[dict[str, object]]:
        query = urllib.parse.urlencode({"query": question})
        try:
            with urllib.request.urlopen(f"http://{listen}/api/v1/query?{query}") as told:
                return list(json.load(told)["data"]["result"])
        except urllib.error.URLError:  # it is still starting
            return []

    try:
        yield answer
    finally:
        process.terminate()
        process.wait(60)


def complaints(text: str) -> str:
    """What promtool says of a page; nothing where all is well."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("needs promtool (Debian package prometheus)")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    told = done.stdout + done.stderr
    return told if done.returncode == 0 else f"{told}exit {done.returncode}"
