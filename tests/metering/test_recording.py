"""A recording gives the same windows again, whatever happened meanwhile."""

import resource
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.metering.conftest import SENSOR
from tests.metering.kernel import FREE_ROOT, GROUPED_ROOT, Kernel

from joulebook.clock import ManualClock
from joulebook.errors import InvalidInput, Retry
from joulebook.metering.player import Player
from joulebook.metering.recording import RecordingSampler, recorded, told
from joulebook.metering.replaying import Replay, Replayed
from joulebook.metering.sampler import Metered, Sampler
from joulebook.metering.tape import Recorder
from joulebook.probes.memory import MemoryProbe
from joulebook.probes.protocol import Holder, Reading, Sensor

CPU = replace(SENSOR, uid="cpu:m1:package-0", kind="cpu", scope="package", name="CPU (simulated)")
ROOTS = frozenset({FREE_ROOT, GROUPED_ROOT})


class Moody(MemoryProbe):
    """Sometimes it is busy, and once in a while it fails as no probe may."""

    mood: Exception | None = None

    def read(self, sensor: Sensor) -> Reading:
        if self.mood is not None:
            raise self.mood
        return super().read(sensor)


class Stage:
    """Two sensors, a kernel in memory, and a clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.kernel = Kernel()
        self.present: dict[str, Sequence[Holder]] = {"GPU-1": [Holder(GROUPED_ROOT, 100, 30)]}
        counters = {SENSOR: lambda now: 300 * now, CPU: lambda now: 70 * now}
        self.probe = Moody(self.clock, counters, self.present)
        self.pairs = [(sensor, self.probe) for sensor in self.probe.find().sensors]

    def recording(self, path: Path) -> RecordingSampler:
        return recorded(path, self.clock, self.pairs, self.kernel)

    def plain(self) -> Sampler:
        return Sampler(self.clock, self.pairs, self.kernel)

    def happen(self, sampler: Sampler, what: str, size: int) -> list[Metered]:
        """One event; the windows of a cut."""
        if what == "work":
            self.kernel.run(FREE_ROOT, size)
            self.kernel.run(self.kernel.fork(GROUPED_ROOT), size)
        elif what == "rest":
            self.present["GPU-1"] = [Holder(GROUPED_ROOT, 100, 30 * (size % 2))]
        elif what == "mood":
            self.probe.mood = (None, Retry("busy"), ZeroDivisionError("a bug"))[size % 3]
        elif what == "step":
            self.clock.step_wall((size - 20) * 1_000_000)
        elif what == "adopt":
            sampler.adopt(self.pairs[: 1 + size % 2])
        elif what == "now":
            sampler.timeline.now()
        self.clock.advance(size * 50_000)
        if what == "cut":
            return sampler.cut(ROOTS if size % 3 else {GROUPED_ROOT})
        sampler.sample()
        return []


def played(path: Path) -> list[Replayed]:
    with path.open("rb") as file:
        return list(Replay(Player(iter(file), path.name)).cuts())


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


events = st.lists(
    st.tuples(
        st.sampled_from(["work", "rest", "mood", "step", "adopt", "now", "cut", "cut"]),
        st.integers(0, 40),
    ),
    max_size=30,
)


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Path]:
    """Records some events; gives the file."""

    def record(*happened: tuple[str, int]) -> Path:
        stage, path = Stage(), tmp_path / "recording"
        sampler = stage.recording(path)
        sampler.start(ROOTS)
        for one in happened:
            stage.happen(sampler, *one)
        sampler.stop()
        return path

    return record


@given(events)
def test_a_recording_comes_out_the_same_and_recording_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, happened: list[tuple[str, int]]
) -> None:
    path = tmp_path_factory.mktemp("tape") / "recording"
    stages = Stage(), Stage()
    samplers = stages[0].recording(path), stages[1].plain()
    for sampler in samplers:
        sampler.start(ROOTS)
    windows = []
    for one in happened:
        taped, plain = (
            stage.happen(sampler, *one) for stage, sampler in zip(stages, samplers, strict=True)
        )
        assert told(taped) == told(plain)
        windows += told(taped)
    samplers[0].stop()
    cuts = played(path)
    assert all(cut.same for cut in cuts)
    assert [window for cut in cuts for window in cut.computed] == windows


def test_a_changed_reading_is_found_at_the_window_that_it_changes(
    take: Callable[..., Path],
) -> None:
    path = take(("work", 10), ("cut", 10), ("work", 10), ("cut", 10))
    lines = lines_of(path)
    spots = [n for n, line in enumerate(lines) if line.startswith(b'["read",[0,"GPU-1"]')]
    last = spots[-1]
    lines[last] = lines[last].replace(b'"counter_uj":', b'"counter_uj":9')
    path.write_bytes(b"".join(lines))
    first, second = played(path)
    assert first.same
    assert not second.same
    assert second.recorded != second.computed


#: Lines until devices are adopted: what the file is, and three times three looks at clocks.
STARTED = 10


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda lines: [*lines[:-1], lines[-1][:9]], "line .*: the recording was cut short here"),
        (lambda lines: lines[:9], "line 9: the recording was cut short after this"),
        (lambda lines: [*lines[:9], b"\x00\xff\n", *lines[10:]], "line 10: this is no line"),
        (lambda lines: [*lines[:9], b"[1]\n", *lines[10:]], "line 10: this is no line"),
        (lambda lines: [*lines[:8], *lines[9:]], "line 9: .* is asked, and it tells"),
        (lambda lines: [*lines[: STARTED + 1], b'["hop",null,1]\n'], "nobody asks for hop here"),
        (lambda lines: [*lines[:STARTED], b'["adopt",null,7]\n'], "this cannot be played"),
        (lambda _: [], "is not a recording"),
        (lambda lines: lines[1:], "is not a recording"),
        (lambda lines: [b'["joulebook recording",2,"9.9"]\n', *lines[1:]], "another version"),
    ],
)
def test_a_damaged_recording_names_the_line_and_what_is_wrong(
    take: Callable[..., Path],
    spoil: Callable[[list[bytes]], list[bytes]],
    why: str,
) -> None:
    path = take(("work", 10), ("cut", 10))
    path.write_bytes(b"".join(spoil(lines_of(path))))
    with pytest.raises(InvalidInput, match=why):
        played(path)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_text("mine")
    with pytest.raises(InvalidInput, match="File exists"):
        Recorder(path)
    assert path.read_text() == "mine"


def test_a_recording_is_for_its_owner_alone(tmp_path: Path) -> None:
    Recorder(tmp_path / "recording").close()
    assert (tmp_path / "recording").stat().st_mode & 0o077 == 0


def test_a_full_disk_ends_the_recording_and_not_the_measuring(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    sampler = stage.recording(tmp_path / "recording")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))  # writing beyond it fails
    try:
        sampler.start(ROOTS)
        windows = [stage.happen(sampler, "cut", 10) for _ in range(20)]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert all(len(metered) == 2 for metered in windows)
    assert [record.getMessage() for record in caplog.records if "ends here" in record.message] == [
        f"joulebook: the recording {tmp_path}/recording ends here: [Errno 27] File too large"
    ]
