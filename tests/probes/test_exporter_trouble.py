"""An exporter that loses GPUs, fails, hangs or answers nonsense."""

from collections.abc import Iterator

import pytest
from tests.fakes.exporter_server import Card, ExporterServer, Say, text_of

from joulebook.clock import ManualClock
from joulebook.errors import Gone, Retry
from joulebook.probes.exporter.http import MOST_BYTES
from joulebook.probes.exporter.probe import ExporterProbe

S = 1_000_000


@pytest.fixture
def server() -> Iterator[ExporterServer]:
    server = ExporterServer()
    server.show(Card(0), Card(1, "1000"))
    yield server
    server.close()


@pytest.fixture
def probe(server: ExporterServer, clock: ManualClock) -> ExporterProbe:
    return ExporterProbe(clock, server.url, "node-1", timeout_s=5)


def later(clock: ManualClock, server: ExporterServer, *cards: Card, after_us: int = S) -> None:
    """Time passes, and the exporter shows something else."""
    clock.advance(after_us)
    server.show(*cards)


def test_a_gpu_that_is_shown_no_longer_is_gone_and_leaves_the_others(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    lost, alive = probe.find().sensors
    later(clock, server, Card(1, "2000"))
    with pytest.raises(Gone, match="no longer shows"):
        probe.read(lost)
    assert probe.read(alive).counter_uj == 2_000_000


def test_a_gpu_that_comes_back_is_found_and_read_again(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    probe.find()
    later(clock, server, Card(1))
    assert [sensor.uid for sensor in probe.find().sensors] == [Card(1).uid]
    later(clock, server, Card(0, "5"), Card(1))
    assert probe.read(probe.find().sensors[0]).counter_uj == 5_000


@pytest.mark.parametrize("say", [Say(status=503), Say("")])
def test_an_exporter_that_is_silent_for_a_while_keeps_its_gpus(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock, say: Say
) -> None:
    found = probe.find()
    server.say = say
    assert probe.find() == found
    later(clock, server, Card(0, "5"), Card(1))
    assert probe.read(found.sensors[0]).counter_uj == 5_000


def test_an_exporter_that_shows_no_gpu_at_all_is_asked_again(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    later(clock, server)
    with pytest.raises(Retry, match="shows no GPU now"):
        probe.read(sensor)


@pytest.mark.parametrize(
    "say",
    [
        Say(status=401),
        Say(status=404),
        Say(status=500),
        Say(status=503),
        Say(status=301, headers={"Location": "/metrics2"}),
        Say("<html></html>\n"),
        Say(text_of(Card(0)), only=-20),
        Say(text_of(Card(0)), only=0),
        Say(text_of(Card(0)), only=300, chunked=True),
        Say(text_of(Card(0))[:-5]),
        Say(text_of(Card(0), Card(1)).replace('UUID="GPU', "UUID=GPU")),
        Say(text_of(Card(0)), headers={"Content-Encoding": "gzip"}),
        Say("#" * (MOST_BYTES + 1) + "\n"),
    ],
    ids=lambda say: f"{say.status} {say.text[:6]} {say.only}",
)
def test_an_answer_that_cannot_be_used_is_asked_for_again(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock, say: Say
) -> None:
    sensor = probe.find().sensors[0]
    clock.advance(S)
    server.say = say
    with pytest.raises(Retry, match=server.url):
        probe.read(sensor)
    assert len(server.heard) == 2
    later(clock, server, Card(0, "300000000"))
    assert probe.read(sensor).counter_uj == 300_000_000_000


def test_a_long_answer_in_pieces_is_read(server: ExporterServer, probe: ExporterProbe) -> None:
    text = text_of(*map(Card, range(16)))
    server.say = Say("# a comment\n" * 50_000 + text, chunked=True)
    assert len(probe.find().sensors) == 16


def test_an_exporter_that_stopped_is_asked_again(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    sensor = probe.find().sensors[0]
    server.close()
    clock.advance(S)
    with pytest.raises(Retry, match="refused"):
        probe.read(sensor)


def test_an_exporter_that_hangs_is_waited_for_once_for_all_of_its_gpus(
    server: ExporterServer, clock: ManualClock
) -> None:
    probe = ExporterProbe(clock, server.url, timeout_s=0.5)
    sensors = probe.find().sensors
    clock.advance(S)
    server.say = Say(hang=True)
    for sensor in sensors:
        with pytest.raises(Retry, match=r"did not answer in 0\.5 s"):
            probe.read(sensor)
    assert len(server.heard) == 2


def test_an_answer_that_trickles_in_is_not_waited_for(
    server: ExporterServer, probe: ExporterProbe, clock: ManualClock
) -> None:
    server.during = lambda: clock.advance(6 * S)
    server.say = Say(trickle=True)
    assert "did not answer in 5 s" in str(probe.find().sensors[0].problem)


def test_a_proxy_of_the_environment_is_not_used(
    server: ExporterServer, probe: ExporterProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert len(probe.find().sensors) == 2
    assert len(server.heard) == 1
