"""The disk of the spool is full: what it cannot take waits in memory, and nothing is lost."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.coverage import coverage_of
from tests.faults.stage import (
    Chance,
    Process,
    Stage,
    arrived,
    assert_all_there,
    kill,
    seen,
    stop,
)
from tests.small_disk import SmallDisk, take_the_rest
from tests.waiting import until

#: What others keep on a disk of one megabyte: spool, log and reserve just fit beside it.
THEIRS_BYTES = 256 << 10


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    made = SmallDisk(place)
    (place / "theirs").write_bytes(bytes(THEIRS_BYTES))
    yield place
    made.close()


def agent_on(disk: Path, stage: Stage, url: str) -> Process:
    return stage.agent(url, 0.05, JOULEBOOK_STATE_DIR=str(disk))


def fills(stage: Stage) -> bool:
    """Let time pass until the agent says that its disk is full."""

    def full() -> bool:
        stage.gpu.later(0.01)
        return "the disk is full" in stage.said()

    return until(full)


def test_a_spool_that_filled_its_disk_goes_on_by_itself_once_the_server_answers(
    disk: Path, stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = agent_on(disk, stage, server.url)
    assert seen(server)
    server.process.send_signal(signal.SIGSTOP)  # the kernel takes what is sent, nobody answers
    assert fills(stage)
    stage.gpu.later(4)
    server.process.send_signal(signal.SIGCONT)
    assert arrived(server, stage.gpu.counted_uj)
    stage.gpu.later(5)
    assert arrived(server, stage.gpu.counted_uj)
    stop(agent)
    assert_all_there(server, stage.gpu, chance)
    assert coverage_of(server) > 0, chance
    assert stage.said().count("the disk is full") < 5, chance  # not once for every window


def test_what_others_left_no_room_for_waits_in_memory_until_they_make_some(
    disk: Path, stage: Stage, chance: Chance
) -> None:
    server = stage.serve()
    agent = agent_on(disk, stage, server.url)
    assert seen(server)
    kill(server.process)
    stage.gpu.later(3)
    take_the_rest(disk)
    assert fills(stage)
    stage.gpu.later(4)
    (disk / "others").unlink()
    stop(agent)
    stage.gpu.later(5)
    server = stage.serve_again(server)
    agent = agent_on(disk, stage, server.url)
    stage.gpu.later(5)
    assert arrived(server, stage.gpu.counted_uj)
    stop(agent)
    assert_all_there(server, stage.gpu, chance)
    assert 0 < coverage_of(server) < 1, chance
    assert stage.said().count("the disk is full") < 5, chance  # not once for every window
