"""Readings of RAPL counters on recorded-style powercap trees."""

import shutil
from pathlib import Path

import pytest
from tests.probes.conftest import Powercap

from joulebook.clock import ManualClock
from joulebook.errors import Gone, Retry
from joulebook.probes.protocol import Found, Sensor
from joulebook.probes.rapl.probe import RaplProbe


def only(found: Found) -> Sensor:
    (sensor,) = found.sensors
    return sensor


def test_a_reading_is_the_raw_counter_at_its_time(
    powercap: Powercap, probe: RaplProbe, clock: ManualClock
) -> None:
    powercap.zone("intel-rapl:0", "package-0", 262_143_000_000)
    clock.advance(5_000_000)
    reading = probe.read(only(probe.find()))
    assert (reading.at_us, reading.counter_uj) == (5_000_000, 262_143_000_000)


def test_a_wrapped_counter_is_passed_on_raw(powercap: Powercap, probe: RaplProbe) -> None:
    zone = powercap.zone("intel-rapl:0", "package-0", 262_143_000_000)
    sensor = only(probe.find())
    probe.read(sensor)
    (zone / "energy_uj").write_text("17\n")
    assert probe.read(sensor).counter_uj == 17


def test_a_file_that_was_replaced_is_read_anew(powercap: Powercap, probe: RaplProbe) -> None:
    zone = powercap.zone("intel-rapl:0", "package-0", 10)
    sensor = only(probe.find())
    (zone / "next").write_text("20\n")
    (zone / "next").replace(zone / "energy_uj")
    assert probe.read(sensor).counter_uj == 20


def test_a_zone_that_vanishes_is_gone(powercap: Powercap, probe: RaplProbe) -> None:
    zone = powercap.zone("intel-rapl:0", "package-0")
    sensor = only(probe.find())
    shutil.rmtree(zone)
    with pytest.raises(Gone, match="vanished"):
        probe.read(sensor)


def test_a_zone_that_vanishes_leaves_the_others(powercap: Powercap, probe: RaplProbe) -> None:
    zone = powercap.zone("intel-rapl:0", "package-0")
    powercap.zone("intel-rapl:1", "package-1", 99)
    lost, alive = probe.find().sensors
    shutil.rmtree(zone)
    with pytest.raises(Gone):
        probe.read(lost)
    assert probe.read(alive).counter_uj == 99


@pytest.mark.parametrize("content", ["", "n/a\n", "-5\n", "1.5\n"])
def test_what_is_no_number_is_asked_for_again(
    powercap: Powercap, probe: RaplProbe, content: str
) -> None:
    zone = powercap.zone("intel-rapl:0", "package-0")
    sensor = only(probe.find())
    (zone / "energy_uj").write_text(content)
    with pytest.raises(Retry, match="no number"):
        probe.read(sensor)
    (zone / "energy_uj").write_text("7\n")
    assert probe.read(sensor).counter_uj == 7


def test_a_closed_probe_reads_nothing(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "package-0")
    sensor = only(probe.find())
    probe.close()
    probe.close()
    with pytest.raises(Gone):
        probe.read(sensor)


def test_closing_lets_go_of_every_descriptor(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "package-0")
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    probe.find()
    probe.find()
    probe.close()
    assert len(list(descriptors.iterdir())) == before


def test_nobody_holds_a_package(powercap: Powercap, probe: RaplProbe) -> None:
    powercap.zone("intel-rapl:0", "package-0")
    assert probe.holders(only(probe.find())) is None
