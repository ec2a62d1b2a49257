"""What an agent finds open when it starts: jobs go on, or they end."""

import json
import os
from pathlib import Path

import pytest

from joulebook.agent.left_open import GRACE_US, LeftOpen
from joulebook.clock import ManualClock
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.open_jobs import OpenJobs
from joulebook.metering.span import Labels, Span
from joulebook.wire import Job, format_time

TABLE = ProcessTable(Path("/proc"))
NOBODY = 2**22 + 1  # no process can have this id
SEEN_US = 1_795_428_010_000_000


def record(uid: str = "run:1", reporter: str | None = "r") -> Job:
    return Job(
        ref=0,
        rev=7,
        uid=uid,
        parent=None,
        phase=None,
        name="n",
        project=None,
        kind="training",
        user=None,
        model="m",
        variant=None,
        started_at=format_time(SEEN_US - 5_000_000),
        work={"samples": 3},
        reporter=reporter,
    )


def span(pid: int) -> Span:
    return Span(uid="run:1", labels=Labels(), pid=pid, reporter="r")


class Hall:
    """A folder with what a dead agent left, and the next agent."""

    def __init__(self, folder: Path, boot_id: str = "b") -> None:
        self.clock = ManualClock()
        self.told: list[Job] = []
        self.spool = folder / "agent-h.db"
        self.jobs = OpenJobs(self.spool, boot_id, TABLE, sync=True)
        self.left = LeftOpen(self.jobs, self.told.extend, self.clock)

    @property
    def notes(self) -> list[Path]:
        return sorted(self.spool.with_suffix(".open").glob("*.json"))

    def begin(self) -> None:
        self.left.start()
        self.left.check()


def leave(folder: Path, pid: int, started: int | None = None) -> None:
    """What a killed agent leaves; `started` changes when its caller is said to have started."""
    jobs = OpenJobs(folder / "agent-h.db", "b", TABLE, sync=True)
    jobs.note([record()], [span(pid)], SEEN_US)
    (note,) = (folder / "agent-h.open").glob("*.json")
    tree = json.loads(note.read_text())
    tree["writer"] = [NOBODY, 1]
    if started is not None:
        tree["jobs"][0]["owners"] = [[pid, started]]
    note.write_text(json.dumps(tree))
    note.rename(note.with_name(f"{NOBODY}-1.json"))


def test_a_job_whose_process_is_gone_ends_at_once_where_it_was_last_seen(tmp_path: Path) -> None:
    leave(tmp_path, NOBODY)
    hall = Hall(tmp_path)
    hall.begin()
    (ended,) = hall.told
    assert ended.ended_at == format_time(SEEN_US)
    assert (ended.work, ended.rev) == ({"samples": 3}, 8)
    assert hall.notes == []


def test_a_job_whose_process_lives_ends_only_after_a_time_of_grace(tmp_path: Path) -> None:
    leave(tmp_path, os.getpid())
    hall = Hall(tmp_path)
    hall.begin()
    hall.clock.advance(GRACE_US - 1)
    hall.left.check()
    assert hall.told == []
    hall.clock.advance(1)
    hall.left.check()
    hall.left.check()
    assert [job.uid for job in hall.told] == ["run:1"]


def test_a_later_process_with_the_same_id_is_not_taken_for_the_one_that_left(
    tmp_path: Path,
) -> None:
    leave(tmp_path, os.getpid(), started=1)
    hall = Hall(tmp_path)
    hall.begin()
    assert len(hall.told) == 1


def test_after_a_reboot_every_job_has_ended(tmp_path: Path) -> None:
    leave(tmp_path, os.getpid())
    hall = Hall(tmp_path, boot_id="another")
    hall.begin()
    assert len(hall.told) == 1


def test_a_job_that_its_own_process_takes_up_again_goes_on(tmp_path: Path) -> None:
    leave(tmp_path, os.getpid())
    hall = Hall(tmp_path)
    hall.begin()
    assert hall.jobs.back(("run:1", "r"), (os.getpid(), 1)) == 0  # not the same process
    own = (os.getpid(), TABLE.started(os.getpid()) or 0)
    assert hall.jobs.back(("run:1", "r"), own) == 8
    hall.clock.advance(2 * GRACE_US)
    hall.left.check()
    assert hall.told == []


def test_a_job_that_waits_for_its_process_is_not_forgotten_by_a_second_kill(
    tmp_path: Path,
) -> None:
    leave(tmp_path, os.getpid())
    first = Hall(tmp_path)
    first.begin()
    (note,) = first.notes
    note.write_text(note.read_text().replace(f'"writer": [{os.getpid()},', f'"writer": [{NOBODY},'))
    note.rename(note.with_name(f"{NOBODY}-2.json"))
    second = Hall(tmp_path, boot_id="another")
    second.begin()
    assert len(second.told) == 1


def test_an_agent_that_lives_keeps_its_jobs(tmp_path: Path) -> None:
    OpenJobs(tmp_path / "agent-h.db", "b", TABLE, sync=True).note(
        [record()], [span(NOBODY)], SEEN_US
    )
    (note,) = (tmp_path / "agent-h.open").glob("*.json")
    other = note.rename(note.with_name("another.json"))
    hall = Hall(tmp_path)
    hall.begin()
    assert hall.told == []
    assert other.exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"boot_id": "b", "writer": [1]}'])
def test_a_damaged_note_is_told_and_stops_nobody(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "agent-h.open"
    folder.mkdir()
    (folder / "1-1.json").write_text(content)
    hall = Hall(tmp_path)
    hall.begin()
    assert hall.told == []
    assert "which jobs were open" in caplog.text
    assert hall.notes == []


def test_where_nothing_was_left_nothing_is_written(tmp_path: Path) -> None:
    hall = Hall(tmp_path)
    hall.begin()
    hall.jobs.note((), (), 0)
    assert list(tmp_path.iterdir()) == []
