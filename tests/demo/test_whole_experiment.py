"""The whole way, with a real server process: train, compress, infer, measure, read back."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from joulebook.settings.children import for_demo
from joulebook_demo import ledger

#: The real entry with a small experiment.
SMALL = """
import sys
from joulebook_demo.cli import main
from joulebook_demo.workshop import Scale
epochs = {"float32": 4, "pruned-neurons": 2, "pruned-unstructured": 2, "distilled": 4}
sys.exit(main(scale=Scale((48, 32), (16,), 0.5, epochs, rounds=2, round_s=0.2)))
"""
LABELS = ["float32", "pruned-neurons", "pruned-unstructured", "int8", "distilled"]


@dataclass(frozen=True)
class Outcome:
    url: str
    code: int
    text: str
    errors: str
    result: dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    words = ["--port", "0", "--database-url", f"sqlite:///{folder}/server.db"]
    process = subprocess.Popen(
        [sys.executable, "-m", "joulebook_server", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    ready = next(line for line in process.stdout if " ready on " in line)
    yield ready.split(" ready on ")[1].split()[0]
    process.send_signal(signal.SIGTERM)
    process.stdout.close()
    process.wait()


@pytest.fixture(scope="module")
def outcome(server: str, folder: Path) -> Outcome:
    done = _demo(folder, server, for_demo(server, folder / "state", None))
    figures = (folder / "result.json").read_text("utf-8")
    return Outcome(server, done.returncode, done.stdout, done.stderr, json.loads(figures))


def _demo(
    folder: Path, url: str, environment: dict[str, str], *more: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SMALL, "--server", url, "--json", folder / "result.json", *more],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def test_it_ends_well(outcome: Outcome) -> None:
    assert (outcome.code, outcome.errors) == (0, "")


def test_every_variant_has_a_row(outcome: Outcome) -> None:
    assert [row["label"] for row in outcome.result["rows"]] == LABELS


def test_the_text_shows_every_variant(outcome: Outcome) -> None:
    assert all(label in outcome.text for label in LABELS)


def test_every_job_of_every_variant_is_on_the_server(outcome: Outcome) -> None:
    uids = [uid for trial in outcome.result["trials"] for uid in (trial["build"], *trial["rounds"])]
    jobs = [ledger.get(outcome.url, f"/v1/jobs/{uid}") for uid in uids]
    kinds: dict[str, set[str]] = {}
    for job in jobs:
        kinds.setdefault(job["variant"]["label"], set()).add(job["kind"])
    assert kinds == {
        "float32": {"training", "inference"},
        "pruned-neurons": {"compression", "inference"},
        "pruned-unstructured": {"compression", "inference"},
        "int8": {"compression", "inference"},
        "distilled": {"training", "inference"},
    }


def test_every_joule_is_booked_on_the_server(outcome: Outcome) -> None:
    assert ledger.get(outcome.url, "/v1/ledger/balance")["exact"] is True


def test_the_inference_of_every_variant_is_measured(outcome: Outcome) -> None:
    assert all(row["rate"] > 0 for row in outcome.result["rows"])
    assert all(row["accuracy"] > 0.1 for row in outcome.result["rows"])


def test_compression_shrinks_the_files_but_zeros_do_not(outcome: Outcome) -> None:
    sizes = {row["label"]: row["size_bytes"] for row in outcome.result["rows"]}
    assert sizes["pruned-unstructured"] == sizes["float32"]
    assert all(sizes[name] < sizes["float32"] for name in ("pruned-neurons", "int8", "distilled"))


def test_without_a_zone_co2_is_a_range_that_says_so(outcome: Outcome) -> None:
    assert "No zone is known, so this is a range" in outcome.text.replace("\n  ", " ")


def test_measurements_that_would_go_elsewhere_stop_it_before_the_work(
    server: str, folder: Path
) -> None:
    elsewhere = for_demo("http://127.0.0.1:9", folder / "other", None)
    done = _demo(folder, server, elsewhere)
    assert done.returncode == 1
    assert f"set JOULEBOOK_SERVER={server}" in done.stderr


def test_an_unknown_zone_is_wrong_usage(server: str, folder: Path) -> None:
    done = _demo(folder, server, for_demo(server, folder / "other", None), "--zone", "XX-NOWHERE")
    assert done.returncode == 2
    assert "XX-NOWHERE" in done.stderr


def test_without_a_server_it_stops_before_the_work(folder: Path) -> None:
    url = "http://127.0.0.1:9"
    done = _demo(folder, url, for_demo(url, folder / "other", None))
    assert done.returncode == 1
    assert done.stderr.startswith(f"joulebook demo: no answer from {url}/healthz")
