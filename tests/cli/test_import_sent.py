"""`joulebook import` where a server answers, or will not have it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.shipping.edge import Edge, Say

Command = Callable[..., subprocess.CompletedProcess[str]]

FILE = "start,end,device,energy_j\n2026-05-04T09:00:00Z,2026-05-04T09:10:00Z,phone,1.5\n"


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.close()


@pytest.fixture
def importing(joulebook: Command, edge: Edge, tmp_path: Path) -> Command:
    """Imports a file of one row to the server's edge."""
    (tmp_path / "file.csv").write_text(FILE, encoding="utf-8")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return joulebook("import", "file.csv", "--server", edge.url, *words)

    return run


def test_what_was_sent_is_not_kept(importing: Command, joulebook: Command, edge: Edge) -> None:
    done = importing()
    assert (done.returncode, f"sent to {edge.url}" in done.stdout) == (0, True)
    assert "nothing is kept in" in joulebook("report").stdout


def test_sending_it_again_sends_the_same_bytes(importing: Command, edge: Edge) -> None:
    importing()
    assert f"nothing new: {edge.url} had it all" in importing().stdout
    first, second = edge.heard
    assert first.content == second.content


def test_what_a_server_refuses_is_an_error_and_stays_refused(
    importing: Command, joulebook: Command, edge: Edge
) -> None:
    edge.rule = lambda _: Say(422, {"title": "Refused batch", "detail": "bad", "path": "$.meters"})
    for _ in range(2):
        done = importing()
        assert done.returncode == 1
        assert f"refused by {edge.url}" in done.stdout
    assert len(edge.heard) == 1
    assert "refused batch" in joulebook("doctor").stdout


def test_a_server_that_is_busy_gets_it_later(importing: Command, edge: Edge) -> None:
    edge.rule = lambda _: Say(503, {"title": "Busy", "detail": "later"})
    said = json.loads(importing("--json").stdout)
    assert (said["sent"], said["new_batches"]) == (False, 1)
    edge.rule = lambda _: None
    said = json.loads(importing("--json").stdout)
    assert (said["sent"], said["new_batches"], len(edge.taken)) == (True, 0, 1)
