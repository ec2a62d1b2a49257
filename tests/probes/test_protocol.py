"""Every probe answers the one protocol."""

import os
from pathlib import Path

import pytest

from joulebook.clock import ManualClock
from joulebook.probes.estimate.cpu import EstimateProbe
from joulebook.probes.estimate.memory import MemoryEstimateProbe
from joulebook.probes.exporter.probe import ExporterProbe
from joulebook.probes.hwmon.probe import HwmonProbe
from joulebook.probes.nvml.probe import NvmlProbe
from joulebook.probes.protocol import Probe
from joulebook.probes.rapl.probe import RaplProbe
from joulebook.probes.tpu import TpuProbe

CLOCK = ManualClock()
PROBES: tuple[Probe, ...] = (
    NvmlProbe(CLOCK),
    RaplProbe(CLOCK, Path("/nowhere"), "m1"),
    HwmonProbe(CLOCK, Path("/nowhere"), "m1"),
    TpuProbe(CLOCK, Path("/nowhere"), "m1"),
    ExporterProbe(CLOCK, "http://127.0.0.1:9/metrics", "node"),
    EstimateProbe(CLOCK, Path("/nowhere"), "m1"),
    MemoryEstimateProbe(CLOCK, Path("/nowhere"), Path("/nowhere"), "m1"),
)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_probe_that_found_nothing_closes_quietly(probe: Probe) -> None:
    held = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count is all that is asked
    probe.close()
    probe.close()
    assert len(os.listdir("/proc/self/fd")) == held  # noqa: PTH208 - likewise


def test_every_probe_has_a_name_of_its_own() -> None:
    assert len({probe.name for probe in PROBES}) == len(PROBES)
