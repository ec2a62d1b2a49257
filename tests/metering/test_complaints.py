"""What is wrong all day is said once, and again when it comes back."""

import shutil
from collections.abc import Collection
from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs

from joulebook.clock import ManualClock
from joulebook.discovery.processes import ProcessTable
from joulebook.metering.complaints import Complaints
from joulebook.metering.sampler import Sampler
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Sensor

CPU = Sensor(
    uid="cpu:m:package-0",
    index=0,
    kind="cpu",
    scope="package",
    additive=True,
    name="CPU (simulated)",
    vendor="intel",
    method="counter",
    simulated=True,
)


@pytest.fixture
def procfs(tmp_path: Path) -> Procfs:
    made = Procfs(tmp_path / "proc")
    made.write("stat", "cpu  0 0 0 0\n")
    return made


def windows(sampler: Sampler, clock: ManualClock, count: int) -> None:
    for _ in range(count):
        clock.advance(10_000_000)
        sampler.sample()
        sampler.cut(())


def test_a_process_table_that_cannot_be_read_is_said_once_and_not_at_every_window(
    procfs: Procfs, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    probe = MemoryProbe(clock, {CPU: lambda now_us: now_us})
    sampler = Sampler(clock, [(probe.find().sensors[0], probe)], ProcessTable(procfs.root))
    sampler.start(())
    windows(sampler, clock, 3)
    assert caplog.messages == []
    for _ in range(2):
        away = procfs.root.rename(procfs.root.with_name("away"))
        windows(sampler, clock, 5)
        said = caplog.messages.copy()
        assert said
        assert len(set(said)) == len(said)
        shutil.move(away, procfs.root)
        windows(sampler, clock, 3)
        assert caplog.messages == said
        caplog.clear()


def test_another_span_in_the_same_process_is_no_reason_to_say_it_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    probe = MemoryProbe(clock, {CPU: lambda now_us: now_us})
    sampler = Sampler(clock, [(probe.find().sensors[0], probe)], ProcessTable(tmp_path / "none"))
    for _ in range(10):
        sampler.start(())
        windows(sampler, clock, 1)
        sampler.stop()
    assert 0 < len(caplog.messages) == len(set(caplog.messages))


@pytest.mark.parametrize(
    ("stretches", "said"),
    [
        (["a", "a", "a"], ["a"]),
        (["a", "ab", "b"], ["a", "b"]),
        (["a", "", "a"], ["a", "a"]),
        (["aa"], ["a"]),
    ],
)
def test_what_was_not_heard_for_a_whole_stretch_is_news(
    caplog: pytest.LogCaptureFixture, stretches: Collection[str], said: list[str]
) -> None:
    complaints = Complaints()
    for stretch in stretches:
        complaints.restart()
        for problem in stretch:
            complaints.hear(problem)
    assert caplog.messages == [f"joulebook: {one}" for one in said]
