"""How the server says it is ready, keeps what it took, and ends."""

import re
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.builders import Part, Push, Reading
from tests.server.processes.running import Start

from joulebook.wire import encode


def test_the_server_says_where_it_is_ready(start: Start, database: Path) -> None:
    ready = start("--zone", "FR").ready
    place = re.escape(f"sqlite:///{database}")
    line = r"joulebook-server ready on http://127\.0\.0\.1:\d+ "
    assert re.fullmatch(rf"{line}\(database {place}, zone FR\)\n", ready)


def test_it_is_ready_when_it_says_so(start: Start) -> None:
    assert '"ok"' in start().ask("/healthz")


def test_it_listens_on_the_other_loopback_too(start: Start) -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("needs a loopback address of IPv6")
    running = start("--host", "::1")
    assert '"ok"' in running.ask("/healthz")


def test_a_termination_is_a_clean_end(start: Start) -> None:
    assert start().end(signal.SIGTERM) == (0, "")


def test_an_interrupt_is_a_clean_end(start: Start) -> None:
    assert start().end(signal.SIGINT) == (0, "")


def test_the_database_is_made_with_its_folder(start: Start, tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "server.db"
    start("--database-url", f"sqlite:///{place}")
    assert place.is_file()


def test_an_acknowledged_batch_survives_a_kill(start: Start) -> None:
    first = start()
    content = encode(Push([Reading(parts=[Part(5), Part(7, "system")])]).batch())
    first.ask("/v1/batches", content)
    first.end(signal.SIGKILL)
    second = start()
    balance = second.ask("/v1/ledger/balance")
    assert '"exact":true' in balance
    assert '"metered_uj":"12"' in balance


def test_a_batch_sent_again_after_a_kill_is_a_duplicate(start: Start) -> None:
    first = start()
    content = encode(Push([Reading(parts=[Part(5)])]).batch())
    first.ask("/v1/batches", content)
    first.end(signal.SIGKILL)
    assert '"duplicate":true' in start().ask("/v1/batches", content)


def test_a_refused_batch_leaves_no_traceback(start: Start) -> None:
    running = start()
    for content in (b"", b"[]", b"\xff"):
        with pytest.raises(urllib.error.HTTPError) as error:
            running.ask("/v1/batches", content)
        error.value.close()
    assert running.end(signal.SIGTERM)[1] == ""
