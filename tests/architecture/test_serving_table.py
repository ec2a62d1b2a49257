"""Which counters of inference servers become work stands in the document, for whoever checks it."""

from dataclasses import fields
from pathlib import Path

import pytest

from joulebook.core.serving import WORK
from joulebook.core.serving_names import SERVERS, STARTED, Server

#: What a server may count, by the column of the document.
COLUMNS = {unit: (name,) for name, unit in WORK.items()} | {
    "batch_size": ("running", "executions"),
    "tokens_per_step": ("steps", "step_tokens"),
}
#: What is no counter: how a server is called, and its labels.
OTHERS = {"name", "model", "copies"}


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    return (root / "docs" / "methodology.md").read_text(encoding="utf-8")


def cells(text: str, server: Server) -> dict[str, str]:
    """What stands in each column of a server's rows."""
    found: dict[str, str] = {}
    head: list[str] = []
    for line in text.splitlines():
        row = [cell.strip() for cell in line.strip("|").split(" |")] if line[:1] == "|" else []
        if row[:1] == ["server"]:
            head = [name.strip("`") for name in row]
        elif row[:1] == [server.name]:
            found |= dict(zip(head[1:], row[1:], strict=True))
    return found


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_the_document_names_every_counter_of_a_server_under_what_it_becomes(
    text: str, server: Server
) -> None:
    told = cells(text, server)
    missing = {
        f"{column}: {counter}"
        for column, names in COLUMNS.items()
        for name in names
        for counter in getattr(server, name)
        if f"`{counter}`" not in told[column]
    }
    assert missing == set()


@pytest.mark.parametrize("server", SERVERS, ids=lambda server: server.name)
def test_the_document_promises_no_work_that_a_server_does_not_count(
    text: str, server: Server
) -> None:
    told = cells(text, server)
    promised = {unit for unit in WORK.values() if told[unit]}
    assert promised == {unit for name, unit in WORK.items() if getattr(server, name)}


def test_every_field_of_a_server_has_its_column(text: str) -> None:
    in_columns = {name for names in COLUMNS.values() for name in names}
    assert {one.name for one in fields(Server)} == in_columns | OTHERS
    assert f"`{STARTED}`" in text
