"""Readings from an exporter: a real HTTP server that shows what the tests say."""

from collections.abc import Iterator

import pytest
from tests.fakes.exporter_server import Card, ExporterServer, instances

from joulebook.clock import ManualClock
from joulebook.errors import Gone, Retry
from joulebook.metering.meter import Meter
from joulebook.metering.timeline import Timeline
from joulebook.probes.exporter.probe import KEEP_US, ExporterProbe
from joulebook.probes.protocol import Found, Sensor

S = 1_000_000
BLANKS = ["NaN", "9223372036854775794", "9.223372036854776e+18", "140737488355330.000000", "-1"]


@pytest.fixture
def server() -> Iterator[ExporterServer]:
    server = ExporterServer()
    server.show(Card(0), Card(1, "1000"))
    yield server
    server.close()


@pytest.fixture
def probe(server: ExporterServer, clock: ManualClock) -> ExporterProbe:
    return ExporterProbe(clock, server.url, "node-1", timeout_s=5)


def only(found: Found) -> Sensor:
    (sensor,) = found.sensors
    return sensor


def later(clock: ManualClock, server: ExporterServer, *cards: Card, after_us: int = S) -> None:
    """Time passes, and the exporter shows something else."""
    clock.advance(after_us)
    server.show(*cards)


def test_a_reading_is_the_counter_and_power_in_our_units(probe: ExporterProbe) -> None:
    reading = probe.read(probe.find().sensors[0])
    assert (reading.counter_uj, reading.power_mw) == (257_858_316_000, 52_636)
    assert (reading.utilization, reading.note) == (None, None)


@pytest.mark.parametrize(
    ("written", "counter_uj"),
    [
        ("1.2345e+09", 1_234_500_000_000),
        ("9.9999999999999e+13", 99_999_999_999_999_000),
        ("5551899580.0", 5_551_899_580_000),
        ("0.5", 500),
    ],
)
def test_a_counter_written_as_a_float_is_exact(
    server: ExporterServer, probe: ExporterProbe, written: str, counter_uj: int
) -> None:
    server.show(Card(energy=written))
    assert probe.read(only(probe.find())).counter_uj == counter_uj


def test_of_a_partitioned_gpu_the_newest_line_is_read(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    lines = [Card(energy="100"), Card(energy="120"), Card(energy="110")]
    server.show(*(instances(card, [n])[0] for n, card in enumerate(lines)))
    assert probe.read(only(probe.find())).counter_uj == 120_000


def test_eight_gpus_cost_one_request(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    server.show(*map(Card, range(8)))
    sensors = probe.find().sensors
    clock.advance(S)
    assert {probe.read(sensor).counter_uj for sensor in sensors} == {257_858_316_000}
    assert len(server.heard) == 2


def test_an_answer_serves_for_a_moment_only(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    later(clock, server, Card(energy="300000000"), after_us=KEEP_US - 1)
    assert probe.read(sensor).counter_uj == 257_858_316_000
    clock.advance(1)
    assert probe.read(sensor).counter_uj == 300_000_000_000


def test_an_exporter_that_takes_long_is_asked_seldom(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    server.during = lambda: clock.advance(S)
    sensor = probe.find().sensors[0]
    clock.advance(9 * S - 1)
    probe.read(sensor)
    assert len(server.heard) == 1
    clock.advance(1)
    probe.read(sensor)
    assert len(server.heard) == 2


def test_a_value_that_is_shown_again_is_the_same_reading(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    clock.advance(S)
    first = probe.read(sensor)
    clock.advance(29 * S)
    assert probe.read(sensor) == first
    later(clock, server, Card(energy="300000000"))
    assert (first.at_us, probe.read(sensor).at_us) == (S, 31 * S)


def test_power_alone_is_read_as_it_is_now(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    server.show(Card(energy=None))
    sensor = only(probe.find())
    clock.advance(7 * S)
    reading = probe.read(sensor)
    assert (reading.at_us, reading.counter_uj, reading.power_mw) == (7 * S, None, 52_636)


def test_a_counter_that_fell_is_passed_on_raw(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    for energy, counter_uj in (("17", 17_000), ("0", 0)):
        later(clock, server, Card(energy=energy))
        assert probe.read(sensor).counter_uj == counter_uj


@pytest.mark.parametrize(
    ("seen_s", "told_s"), [([5, 5, 5], 5), ([100, 100], 100), ([31, 29, 32], 30), ([5, 1, 1, 1], 1)]
)
def test_how_often_values_move_is_told_where_it_was_seen_to_differ(
    server: ExporterServer,
    probe: ExporterProbe,
    clock: ManualClock,
    seen_s: list[int],
    told_s: int,
) -> None:
    sensor = probe.find().sensors[0]
    for energy, after_s in enumerate([0, 1, *seen_s]):
        later(clock, server, Card(energy=str(energy)), after_us=after_s * S)
        probe.read(sensor)
    assert only(probe.find()).update_us == told_s * S


def test_how_often_power_moves_is_watched_where_there_is_no_counter(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    server.show(Card(energy=None))
    sensor = only(probe.find())
    for power in ("50", "51", "52", "53"):
        probe.read(sensor)
        later(clock, server, Card(energy=None, power=power), after_us=S)
    probe.read(sensor)
    assert only(probe.find()).update_us == S


@pytest.mark.parametrize("blank", [*BLANKS, None])
def test_a_counter_that_turns_blank_leaves_power_and_says_so(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock, blank: str | None
) -> None:
    sensor = probe.find().sensors[0]
    later(clock, server, Card(energy=blank))
    reading = probe.read(sensor)
    assert (reading.at_us, reading.counter_uj, reading.power_mw) == (S, None, 52_636)
    assert reading.note == "the exporter shows no energy now"


def test_a_gpu_that_turns_blank_is_asked_again(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    later(clock, server, Card(energy=None, power="0.000000"))
    with pytest.raises(Retry, match="shows nothing of NVIDIA H100"):
        probe.read(sensor)
    later(clock, server, Card(energy="300000000"))
    assert probe.read(sensor).counter_uj == 300_000_000_000


def test_an_exporter_that_shows_nothing_new_for_long_is_not_believed(
    probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    probe.read(sensor)
    clock.advance(120 * S)
    probe.read(sensor)
    clock.advance(S)
    with pytest.raises(Retry, match="nothing new"):
        probe.read(sensor)


def test_a_counter_that_hangs_while_power_moves_is_shown_as_it_is(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    probe.read(sensor)
    later(clock, server, Card(power="400.000000"), after_us=121 * S)
    reading = probe.read(sensor)
    assert (reading.at_us, reading.counter_uj) == (121 * S, 257_858_316_000)
    assert reading.power_mw == 400_000


def test_nobody_is_known_to_hold_a_gpu(probe: ExporterProbe) -> None:
    assert probe.holders(probe.find().sensors[0]) is None


def test_a_closed_probe_reads_nothing(probe: ExporterProbe) -> None:
    sensor = probe.find().sensors[0]
    probe.close()
    probe.close()
    with pytest.raises(Gone, match="closed"):
        probe.read(sensor)


def test_a_window_reaches_from_one_collection_of_the_exporter_to_another(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    meter = Meter(probe.find().sensors[0], probe, Timeline(clock))
    lengths_us, total_uj = [], 0
    for second in range(95):
        if second % 30 == 5:
            server.show(Card(energy=str(300_000_000 + second * 100_000)))
        meter.sample()
        if second % 10 == 9 and (window := meter.close()) is not None:
            lengths_us.append(window.end_us - window.start_us)
            total_uj += window.energy_uj if second > 10 else 0
        clock.advance(S)
    assert lengths_us == [5 * S, 30 * S, 30 * S]
    assert total_uj == 60 * 100 * S


def test_a_counter_that_began_anew_is_a_gap_and_no_energy(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    meter = Meter(probe.find().sensors[0], probe, Timeline(clock))
    meter.sample()
    later(clock, server, Card(energy="17"))
    assert meter.close() is None
    assert "reset" in str(meter.problem)
