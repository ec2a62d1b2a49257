"""Which GPUs are found on a real HTTP server that shows what the tests say."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from tests.fakes.exporter_server import Card, ExporterServer, Say, instances, text_of

from joulebook.clock import ManualClock
from joulebook.errors import Gone
from joulebook.probes.exporter.probe import ExporterProbe
from joulebook.probes.protocol import Found, Sensor

S = 1_000_000
BLANKS = ["NaN", "9223372036854775794", "9.223372036854776e+18", "140737488355330.000000", "-1"]
OTHER_HOST = Card(1, labels={"Hostname": "node-2"})


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


def uids(found: Found) -> list[str | None]:
    return [sensor.uid for sensor in found.sensors]


def test_nothing_is_requested_before_somebody_looks(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    probe.close()
    assert server.heard == []


def test_looking_is_one_plain_request(server: ExporterServer, probe: ExporterProbe) -> None:
    probe.find()
    ((path, headers),) = server.heard
    assert (path, headers["Accept-Encoding"]) == ("/metrics", "identity")


def test_a_gpu_is_described(server: ExporterServer, probe: ExporterProbe) -> None:
    sensor = probe.find().sensors[1]
    assert (sensor.uid, sensor.index) == (Card(1).uid, 1)
    assert (sensor.kind, sensor.scope, sensor.additive) == ("gpu", "gpu", True)
    assert (sensor.name, sensor.vendor) == ("NVIDIA H100 80GB HBM3", "nvidia")
    assert (sensor.method, sensor.problem, sensor.range_uj) == ("counter", None, None)
    assert (sensor.gain_error, sensor.resolution_uj) == (0.05, 1_000)
    assert sensor.source == f"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION at {server.url}"


def test_until_it_was_seen_values_are_taken_to_move_as_seldom_as_the_exporters_default(
    probe: ExporterProbe,
) -> None:
    assert probe.find().sensors[0].update_us == 30 * S


def test_gpus_are_in_the_order_of_their_numbers(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    server.show(*(Card(number) for number in (10, 9, 2)))
    assert [sensor.index for sensor in probe.find().sensors] == [2, 9, 10]


def test_a_partitioned_gpu_counts_once(server: ExporterServer, probe: ExporterProbe) -> None:
    server.show(*instances(Card(0), [3, 5, 13]), Card(1))
    found = probe.find()
    assert uids(found) == [Card(0).uid, Card(1).uid]
    (dropped,) = found.dropped
    assert dropped.path == f"{server.url} {Card(0).uid} GPU_I_ID=13 GPU_I_ID=3 GPU_I_ID=5"
    assert "counted once" in dropped.reason


def test_a_gpu_that_several_pods_share_counts_once(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    server.show(Card(labels={"pod": "a"}), Card(labels={"pod": "b", "namespace": "n"}))
    assert only(probe.find()).uid == Card().uid


@pytest.mark.parametrize("labels", [{"Hostname": "", "hostname": "elsewhere"}, {"Hostname": ""}])
def test_an_exporter_of_one_host_is_taken_for_ours(
    server: ExporterServer, probe: ExporterProbe, labels: dict[str, str]
) -> None:
    server.show(Card(labels=labels))
    assert only(probe.find()).method == "counter"


@pytest.mark.parametrize("ours", ["node-1", "NODE-1", "node-1.cluster.example"])
def test_of_several_hosts_the_others_are_dropped(
    server: ExporterServer, clock: ManualClock, ours: str
) -> None:
    server.show(Card(0), OTHER_HOST)
    found = ExporterProbe(clock, server.url, ours).find()
    assert uids(found) == [Card(0).uid]
    assert [(d.path, d.reason) for d in found.dropped] == [
        (f"{server.url} node-2", "it is another host")
    ]


@pytest.mark.parametrize("ours", ["", "node-3", "node", "1"])
def test_of_several_hosts_none_is_taken_where_none_is_ours(
    server: ExporterServer, clock: ManualClock, ours: str
) -> None:
    server.show(Card(0), OTHER_HOST)
    sensor = only(ExporterProbe(clock, server.url, ours).find())
    assert (sensor.uid, sensor.method) == (None, None)
    assert "node-1, node-2" in str(sensor.problem)
    assert "this machine alone" in str(sensor.cure)


def test_labels_with_escapes_are_read(server: ExporterServer, probe: ExporterProbe) -> None:
    server.show(Card(labels={"modelName": r"A \"B\" \\ C", "pod": "x,y}z"}))
    assert only(probe.find()).name == 'A "B" \\ C'


def test_a_module_says_that_it_is_one(server: ExporterServer, probe: ExporterProbe) -> None:
    server.show(Card(labels={"modelName": "NVIDIA-GH200-480GB"}))
    assert only(probe.find()).scope == "module"


def test_the_names_of_the_first_exporter_are_known(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    card = Card(labels={"UUID": "", "uuid": Card().uid})
    names = ("dcgm_total_energy_consumption", "dcgm_power_usage")
    server.say = Say(text_of(card, energy=names[0], power=names[1]))
    sensor = only(probe.find())
    assert (sensor.uid, sensor.method) == (Card().uid, "counter")
    assert probe.read(sensor).power_mw == 52_636


def test_a_gpu_without_a_counter_is_read_by_power(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    server.show(Card(energy=None))
    sensor = only(probe.find())
    assert (sensor.method, sensor.resolution_uj) == ("integrated", 0)
    assert (sensor.update_us, sensor.averaging_us) == (30 * S, S)
    assert "power is integrated instead" in str(sensor.problem)
    assert "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION" in str(sensor.cure)


def test_a_counter_that_stands_at_0_is_none(server: ExporterServer, probe: ExporterProbe) -> None:
    server.show(Card(energy="0"))
    sensor = only(probe.find())
    assert sensor.method == "integrated"
    assert "stands at 0" in str(sensor.problem)
    assert probe.read(sensor).counter_uj is None


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_counter_is_none(server: ExporterServer, probe: ExporterProbe, blank: str) -> None:
    server.show(Card(energy=blank))
    assert only(probe.find()).method == "integrated"


@pytest.mark.parametrize("energy", [*BLANKS, "0", None])
@pytest.mark.parametrize("power", [*BLANKS, "0.000000", None])
def test_a_gpu_that_tells_neither_cannot_be_read(
    server: ExporterServer, probe: ExporterProbe, energy: str | None, power: str | None
) -> None:
    server.show(Card(energy=energy, power=power))
    sensor = only(probe.find())
    assert (sensor.uid, sensor.method) == (Card().uid, None)
    assert "nor its power" in str(sensor.problem)
    with pytest.raises(Gone):
        probe.read(sensor)


def test_a_gpu_without_a_uuid_cannot_be_read(server: ExporterServer, probe: ExporterProbe) -> None:
    server.show(Card(2, labels={"UUID": ""}))
    sensor = only(probe.find())
    assert (sensor.uid, sensor.index, sensor.method) == (None, 2, None)
    assert "UUID" in str(sensor.problem)


@pytest.mark.parametrize(
    ("say", "problem", "cure"),
    [
        (Say(status=401), "HTTP 401", "without a login"),
        (Say(status=403), "HTTP 403", "without a login"),
        (Say(status=404), "HTTP 404", "/metrics"),
        (Say(status=500), "HTTP 500", "log"),
        (Say(status=302, headers={"Location": "/elsewhere"}), "HTTP 302", "/metrics"),
        (Say("<html>GPU Exporter</html>\n"), "no text of an exporter", "/metrics"),
        (Say('{"status":"success"}\n'), "no text of an exporter", "/metrics"),
        (Say("node_cpu_seconds_total 5\n"), "shows no GPU", "dcgm-exporter"),
        (Say(""), "shows no GPU", "dcgm-exporter"),
    ],
)
def test_an_exporter_that_shows_no_gpu_is_a_problem_with_a_cure(
    server: ExporterServer, probe: ExporterProbe, say: Say, problem: str, cure: str
) -> None:
    server.say = say
    sensor = only(probe.find())
    assert (sensor.uid, sensor.method, sensor.source) == (None, None, server.url)
    assert problem in str(sensor.problem)
    assert cure in str(sensor.cure)
    assert len(server.heard) == 1


def test_an_exporter_that_does_not_run_is_a_problem_with_a_cure(
    server: ExporterServer, probe: ExporterProbe
) -> None:
    server.close()
    sensor = only(probe.find())
    assert "refused" in str(sensor.problem)
    assert "JOULEBOOK_EXPORTER_URL" in str(sensor.cure)


def test_loading_the_probe_loads_no_http_client() -> None:
    program = (
        "import sys, joulebook.probes.exporter.probe\n"
        "print({'http.client', 'ssl', 'socket'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
