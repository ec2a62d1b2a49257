"""What servers did that a command started: real ones, below this process."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.discovery.serving.conftest import ServingProcess
from tests.fakes.serving_pages import vllm

from joulebook.clock import ManualClock
from joulebook.settings import load
from joulebook.tracking.served import Served, served_by

S = 1_000_000


class Run:
    """Keeps what is logged."""

    uid = "run:7"

    def __init__(self) -> None:
        self.generated: list[float] = []
        self.quality: dict[str, float] = {}

    def log(self, *, work: Mapping[str, float], quality: Mapping[str, float]) -> None:
        self.generated.append(work["generated_tokens"])
        self.quality.update(quality)


class Command:
    """A command whose server listens on one port, and who follows it."""

    def __init__(self, folder: Path) -> None:
        self.run, self.clock = Run(), ManualClock()
        self._page = folder / "page"
        self._servers: list[ServingProcess] = []
        self._port = 0
        self.serve()
        self._port = self._servers[0].port
        self.url = self._servers[0].url
        self._servers[0].end()

    def followed(self, *, asked: bool = True) -> Served:
        """Who follows its servers, by a setting for it alone or for the whole machine."""
        environ = {"JOULEBOOK_SERVING_URL": self.url} if asked else {}
        settings = load({} if asked else {"serving_url": self.url}, environ=environ)
        served = served_by(self.run, settings, self.clock)
        served.expect()
        return served

    def serve(self, *within: str) -> None:
        """Start a server."""
        self._servers.append(ServingProcess(self._page, self._port, within))

    def generate(self, tokens: int, served: Served) -> None:
        """Let it have generated so many, and look a second later."""
        self._page.write_text(vllm(tokens))
        self.clock.advance(S)
        served.look()

    def end(self) -> None:
        for server in self._servers:
            server.end()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path)
    yield made
    made.end()


def test_what_its_server_did_is_logged_as_it_grows_from_its_first_token_on(
    command: Command,
) -> None:
    served = command.followed()
    command.serve()
    for tokens in (0, 70, 70, 75):
        command.generate(tokens, served)
    assert command.run.generated == [0, 70, 5]
    assert command.run.quality["batch_size"] == 8


def test_of_a_server_that_was_there_before_it_only_what_came_since_counts(
    command: Command,
) -> None:
    command.serve()
    served = command.followed()
    for tokens in (1_000, 1_070):
        command.generate(tokens, served)
    assert command.run.generated == [0, 70]


def test_nothing_is_logged_once_the_command_ended(command: Command) -> None:
    served = command.followed()
    command.serve()
    served.stop()
    command.generate(70, served)
    assert command.run.generated == []


def test_its_line_tells_the_energy_for_a_thousand_where_that_is_known(command: Command) -> None:
    served = command.followed()
    command.serve()
    command.generate(2_000, served)
    known, unknown = served.line("mine", 5_000_000), served.line("mine", None)
    assert known is not None
    assert known.startswith(
        "joulebook: mine: 2,000 generated tokens, 2.50\u2009J per 1000 · 9,000 "
    )
    assert unknown == "joulebook: mine: 2,000 generated tokens · 9,000 prompt tokens · 42 requests"


def test_a_page_that_was_named_for_it_and_told_nothing_is_said_with_the_reason(
    command: Command,
) -> None:
    served = command.followed()
    assert "before a page was read" in str(served.line("mine", None))
    command.generate(70, served)
    line = served.line("mine", None)
    assert f"joulebook: mine: served nothing that was counted: {command.url}" in str(line)


def test_a_page_that_was_named_for_the_whole_machine_is_none_of_its_business(
    command: Command,
) -> None:
    served = command.followed(asked=False)
    command.generate(70, served)
    assert served.line("mine", None) is None
