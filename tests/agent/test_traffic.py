"""Bytes of a found job, in its record, where the kernel tells them apart."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pytest
from tests.agent.conftest import Agent
from tests.discovery.test_traffic_here import CABLE, MOVED_BYTES, SEND
from tests.waiting import until

from joulebook.agent.deeds import Look
from joulebook.agent.traffic import EVERY, TrafficDeeds
from joulebook.discovery.traffic import Traffic

StartAgent = Callable[..., Agent]


@pytest.fixture
def home(home: dict[str, str]) -> dict[str, str]:
    """Here jobs are looked for."""
    return home | {"JOULEBOOK_DISCOVER": "true"}


def work(agent: Agent, uid: str) -> dict[str, float]:
    """Work in the newest record of a job."""
    records = [job for batch in agent.batches() for job in batch.jobs if job.uid == uid]
    return dict(records[-1].work) if records else {}


def start(agent: Agent, *within: str, **extra: str) -> "subprocess.Popen[str]":
    """A process that sends when told to, with a cable of its own."""
    return subprocess.Popen(
        [*within, sys.executable, "-c", SEND],
        env=agent.environment | extra,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


class Kernel(Traffic):
    """Counts how often it is read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder)
        self.read: list[set[str]] = []

    def look(self, jobs: Mapping[str, Collection[int]], known: Collection[int]) -> None:
        del known
        self.read.append(set(jobs))


def test_counters_are_read_when_a_job_is_new_and_every_few_looks(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path)
    deeds = TrafficDeeds(kernel)
    for jobs in [set[str](), {"a"}, {"a", "b"}, *[{"b"}] * EVERY]:
        deeds.look(Look({}, {}, jobs))
    assert kernel.read == [{"a"}, {"a", "b"}, {"b"}]


def test_what_nobody_can_tell_apart_is_missing(tmp_path: Path) -> None:
    deeds = TrafficDeeds(Traffic(tmp_path, tmp_path))
    deeds.look(Look({}, {50: "a"}, {"a"}))
    assert deeds.grown("a") == {}


def test_a_job_with_a_network_of_its_own_has_its_bytes_in_its_record(
    start_agent: StartAgent,
) -> None:
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("ip")):
        pytest.skip("needs root, unshare(1) and ip(8) for a network namespace")
    agent = start_agent()
    alone = ("unshare", "--net", "sh", "-c", f'{CABLE} && exec "$@"', "sh")
    process = start(agent, *alone, JOULEBOOK_JOB_ID="moves-1")
    assert process.stdin is not None
    assert process.stdout is not None
    if process.stdout.readline() != "up\n":
        pytest.skip("no network namespace with a veth here")
    assert until(lambda: "sent_bytes" in work(agent, "moves-1"))  # counted from here on
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "sent\n"
    assert until(lambda: work(agent, "moves-1")["sent_bytes"] >= MOVED_BYTES)
    told = work(agent, "moves-1")
    # The kernel may say hello to its neighbours by itself.
    assert told["sent_bytes"] < 2 * MOVED_BYTES
    assert MOVED_BYTES <= told["received_bytes"] < 2 * MOVED_BYTES
    process.kill()
    process.communicate()
    agent.stop()
