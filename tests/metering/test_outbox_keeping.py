"""What the outbox keeps: every window, and of the rest what is news."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from joulebook.clock import ManualClock
from joulebook.core.attribute import Bucket
from joulebook.core.window import Window
from joulebook.errors import SpoolError
from joulebook.metering.assemble import Booked, Entry, Share
from joulebook.metering.outbox import Outbox
from joulebook.metering.unwritten import Unwritten
from joulebook.probes.protocol import Sensor
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch, Host, check

SECOND = 1_000_000
START_US = 1_795_428_000_000_000
CLOSED = Sensor(
    uid="cpu:m:package-0",
    index=0,
    kind="cpu",
    scope="package",
    additive=True,
    name="CPU (simulated)",
    vendor="intel",
    method=None,
    problem="closed",
    simulated=True,
)
GPU = replace(CLOSED, uid="GPU-1", kind="gpu", scope="gpu", method="counter", problem=None)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_US + 3_600 * SECOND)


@pytest.fixture
def outbox(tmp_path: Path, clock: ManualClock) -> Outbox:
    return Outbox(
        Spool(tmp_path / "spool" / "spool.db", clock),
        None,
        host=Host("m", "node", "boot"),
        sensors=[CLOSED, GPU],
        version="0.1.0",
        clock=clock,
        role="agent",
    )


def entry(turn: int, problems: Mapping[str, str] | None = None) -> Entry:
    """Ten seconds of the GPU at 1 W."""
    start_us, length_us = START_US + turn * 10 * SECOND, 10 * SECOND
    window = Window(
        uid="GPU-1",
        start_us=start_us,
        end_us=start_us + length_us,
        counter_start_uj=turn * length_us,
        counter_end_uj=(turn + 1) * length_us,
        energy_uj=length_us,
        observed_us=length_us,
        method="counter",
        err_sys_uj=0,
        err_rand_uj=0,
        power_max_mw=None,
        utilization=None,
    )
    shares = [Share(Bucket.IDLE, None, length_us)]
    return Entry([Booked(window, shares)], (), problems or {}, marks=str(turn).encode())


def kept(outbox: Outbox) -> list[Batch]:
    batches = list(outbox.spool.entries())
    for batch in batches:
        check(batch, START_US + 3_600 * SECOND)
    return batches


def problems(batch: Batch) -> dict[str, str]:
    return {device.uid: device.problem for device in batch.devices if device.problem}


def nothing(**told: str) -> Entry:
    """A window in which nothing could be read."""
    return Entry((), (), {uid.replace("_", "-"): problem for uid, problem in told.items()})


def test_what_cannot_be_read_is_kept_at_first_and_whenever_it_changes(outbox: Outbox) -> None:
    for told in ({}, {}, {"GPU_1": "lost"}, {"GPU_1": "lost"}, {"GPU_1": "it hangs"}, {}, {}):
        outbox.put(nothing(**told))
    closed = {"cpu:m:package-0": "closed"}
    assert [problems(batch) for batch in kept(outbox)] == [
        closed,
        closed | {"GPU-1": "lost"},
        closed | {"GPU-1": "it hangs"},
        closed,
    ]
    assert [batch.meters.device for batch in kept(outbox)] == [[]] * 4


def test_a_problem_that_came_with_a_window_is_no_news_without_one(outbox: Outbox) -> None:
    outbox.put(entry(0, {"GPU-1": "lost"}))
    outbox.put(nothing(GPU_1="lost"))
    assert len(kept(outbox)) == 1


def block(outbox: Outbox) -> Path:
    """The disk takes nothing as long as this lies there."""
    folder = outbox.spool.path.parent
    folder.write_text("no folder", encoding="ascii")
    return folder


def test_what_the_disk_refused_is_written_in_one_step_once_it_takes_something(
    outbox: Outbox,
) -> None:
    block(outbox)
    for turn in range(30):
        with pytest.raises(SpoolError):
            outbox.put(entry(turn))
    assert "NOT KEPT" in outbox.kept()
    outbox.spool.path.parent.unlink()
    outbox.put(entry(30))
    (batch,) = kept(outbox)
    assert batch.seq == outbox.spool.pending(1)[0].seq
    assert batch.agent.id == outbox.spool.agent_id
    assert batch.meters.end_us == [START_US + turn * 10 * SECOND for turn in range(1, 32)]
    assert sum(batch.parts.energy_uj) == 310 * SECOND
    assert outbox.spool.marks == b"30"
    assert not outbox.unwritten


def test_what_waited_for_too_long_and_was_lost_is_told_with_its_device(outbox: Outbox) -> None:
    block(outbox)
    outbox.unwritten = Unwritten(most_rows=20)
    apart = 90  # ten seconds of each quarter hour: no two windows can be joined
    for turn in range(0, 12 * apart, apart):
        with pytest.raises(SpoolError):
            outbox.put(entry(turn, {"GPU-1": "hot"}))
    outbox.spool.path.parent.unlink()
    outbox.put(entry(12 * apart))
    (batch,) = outbox.spool.entries()
    lost_uj = 130 * SECOND - sum(batch.meters.energy_uj)
    assert lost_uj > 0
    told = problems(batch)["GPU-1"]
    assert f"{lost_uj // SECOND} J of earlier windows are lost" in told.replace("\u2009", " ")
    outbox.put(entry(13 * apart))
    assert "GPU-1" not in problems(list(outbox.spool.entries())[-1])


def test_a_disk_that_takes_nothing_all_day_is_said_once_and_again_when_it_comes_back(
    outbox: Outbox, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    turns = iter(range(10_000))

    def passes(seconds: int) -> set[bool]:
        """Ten seconds a window; whether they were on disk."""
        kept = set()
        for _ in range(0, seconds, 10):
            clock.advance(10 * SECOND)
            kept.add(outbox.keep(entry(next(turns))))
        return kept

    assert passes(10) == {True}
    for _ in range(2):
        outbox.spool.close()
        shutil.rmtree(outbox.spool.path.parent)
        caplog.clear()
        for _ in range(3):  # it takes a little now and then
            folder = block(outbox)
            assert passes(3_600) == {False}
            folder.unlink()
            assert passes(60) == {True}
            outbox.spool.close()
            shutil.rmtree(folder)
        (said,) = caplog.messages
        assert "windows wait in memory: cannot use" in said
        assert passes(3 * 600) == {True}


def test_that_what_waits_is_being_lost_is_said_once(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    folder = block(outbox)
    outbox.unwritten = Unwritten(most_rows=20)
    for turn in range(0, 100 * 90, 90):  # ten seconds of each quarter hour
        outbox.keep(entry(turn))
    assert [message for message in caplog.messages if "longest is lost" in message] == [
        message for message in caplog.messages if "wait in memory" not in message
    ]
    assert len(caplog.messages) == 2
    folder.unlink()
    assert outbox.keep(entry(100 * 90))
    assert len(caplog.messages) == 2
