"""Server processes on a PostgreSQL: several at once, and what is said where it cannot be used."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.builders import START_US, WINDOW_US, Part, Push, Reading, agent
from tests.postgres import cluster
from tests.server.processes.running import Run, Running, Start

from joulebook.wire import encode


@pytest.fixture
def shared() -> Iterator[str]:
    """URL of a new database without tables."""
    made = cluster().empty()
    yield made
    cluster().drop(made)


def batch(name: str, seq: int) -> bytes:
    """A window of 12 µJ, the same time for every agent."""
    reading = Reading(START_US + seq * WINDOW_US, parts=[Part(5), Part(7, "system")])
    return encode(Push([reading], seq=seq, agent=agent(name)).batch())


def test_two_servers_that_start_at_once_on_an_empty_database_share_it(
    start: Start, shared: str
) -> None:
    with ThreadPoolExecutor() as pool:
        one, two = pool.map(lambda _: start("--database-url", shared), range(2))
    answer = json.loads(one.ask("/v1/batches", batch("a", 0)))
    assert answer["duplicate"] is False
    assert json.loads(two.ask("/v1/batches", batch("a", 0)))["duplicate"] is True


def test_batches_that_several_servers_take_at_the_same_time_count_once(
    start: Start, shared: str
) -> None:
    servers: list[Running] = [start("--database-url", shared) for _ in range(2)]
    # Two agents watch one device; each of their batches goes to both servers, at the same time.
    asked = [(server, batch(name, seq)) for seq in range(15) for name in "ab" for server in servers]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: json.loads(one[0].ask("/v1/batches", one[1])), asked))
    assert sum(answer["duplicate"] for answer in answers) == len(asked) / 2
    balance = json.loads(servers[0].ask("/v1/ledger/balance"))
    (device,) = [one for one in balance["devices"] if one["device"] == "GPU-1"]
    assert (balance["exact"], device["metered_uj"]) == (True, str(15 * 12))
    assert (device["windows"], device["claims"]) == (15, 15)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", "cannot use the database"),
        ("mysql://x@y/z", "PostgreSQL"),
    ],
)
def test_a_database_that_cannot_be_reached_is_named(run: Run, url: str, said: str) -> None:
    ended = run("serve", "--port", "0", "--database-url", url)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_database_that_does_not_exist_is_named(run: Run, shared: str) -> None:
    url = shared.replace("/test_", "/missing_")
    ended = run("serve", "--port", "0", "--database-url", url)
    assert ended.returncode == 1
    assert "does not exist" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
