"""The GPUs in one answer of NVIDIA's dcgm-exporter.

Names and units are those of its ``etc/default-counters.csv`` (energy in mJ, power in W) and, with
``--use-old-namespace``, of ``etc/1.x-compatibility-metrics.csv``. Power is the driver's
``nvmlDeviceGetPowerUsage`` (DCGM, ``DcgmCacheManager.cpp``): a mean over 1 s on Ampere and newer,
except GA100 (nvml.h).

Under MIG the exporter shows no line of the GPU itself, but one for each instance, with the UUID and
the energy of the whole GPU (``internal/pkg/collector/gpu_collector.go``; its issues 257 and 561).
So a GPU is what has one UUID, and counts once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from joulebook.core.units import UJ_PER_MJ, US_PER_S
from joulebook.probes.exporter.exposition import Sample, parse
from joulebook.probes.nvml.gpu import GAIN_ERROR, MODULE_PRODUCT
from joulebook.probes.protocol import Sensor

ENERGY = ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "dcgm_total_energy_consumption")
POWER = ("DCGM_FI_DEV_POWER_USAGE", "DCGM_FI_DEV_POWER_USAGE_INSTANT", "dcgm_power_usage")
#: Time over which a power value is a mean at most, µs (nvml.h).
AVERAGING_US = US_PER_S
LIST_ENERGY = f"add {ENERGY[0]} to the list of counters that the exporter collects"

_PREFIXES = ("DCGM_", "dcgm_")
#: ``DCGM_FP64_BLANK`` of dcgm_structs.h, 2^47. It, the integer 0x7ffffffffffffff0 and what follows
#: each of them stand for what a GPU does not tell; no energy in mJ and no power in W is as large.
_BLANK = 1 << 47
_INDEX = re.compile(r"[0-9]{1,6}")
_PER_UNIT = 1_000  # µJ per mJ, and mW per W


@dataclass(frozen=True, slots=True)
class Amount:
    """What one metric says: µJ of an energy, mW of a power."""

    metric: str
    value: int


@dataclass(frozen=True, slots=True)
class Shown:
    """One GPU as the exporter shows it.

    Attributes:
        uid: Its UUID, the same that the driver tells; None where it is not shown.
        index: Its number.
        name: Its product.
        host: Name of its host as the exporter knows it; empty where it shows none.
        energy: Energy since the driver was loaded, µJ; None where it is not told.
        power: Power, mW; None where it is not told.
        instances: Ids of its MIG instances, as far as lines repeat it for them.
    """

    uid: str | None
    index: int
    name: str
    host: str
    energy: Amount | None
    power: Amount | None
    instances: tuple[str, ...] = ()

    @property
    def counted(self) -> bool:
        """Whether its energy is counted; a counter that stands at 0 on a running GPU is none."""
        return self.energy is not None and self.energy.value > 0


def shown(text: str) -> list[Shown]:
    """All GPUs in an exporter's text, in the order of their numbers.

    Labels of pods, jobs and processes repeat lines as well; they are not looked at.

    Raises:
        NotExposition: The text is not an exporter's, or was cut short.
    """
    lines: dict[tuple[str, ...], list[Sample]] = {}
    for sample in parse(text, _PREFIXES):
        if sample.labels.get("gpu"):
            lines.setdefault(_key(sample), []).append(sample)
    return sorted(map(_gpu, lines.values()), key=lambda gpu: gpu.index)


def sensor_of(gpu: Shown, url: str, update_us: int) -> Sensor:
    """What others see of a GPU.

    Args:
        gpu: The GPU.
        url: Who shows it.
        update_us: How often the exporter renews what it shows, µs.
    """
    source = gpu.energy if gpu.counted else gpu.power
    method = "counter" if gpu.counted else "integrated"
    problem, cure = _problem(gpu)
    return Sensor(
        uid=gpu.uid,
        index=gpu.index,
        kind="gpu",
        scope="module" if MODULE_PRODUCT in gpu.name else "gpu",
        additive=True,
        name=gpu.name,
        vendor="nvidia",
        method=None if source is None or gpu.uid is None else method,
        gain_error=GAIN_ERROR,
        resolution_uj=UJ_PER_MJ if gpu.counted else 0,
        update_us=update_us,
        averaging_us=AVERAGING_US if gpu.power is not None else 0,
        problem=problem,
        cure=cure,
        source=url if source is None else f"{source.metric} at {url}",
    )


def _problem(gpu: Shown) -> tuple[str | None, str | None]:
    """What is wrong with a GPU, and what helps."""
    if gpu.uid is None:
        return "the exporter does not show its UUID", None
    instead = ", nor its power" if gpu.power is None else "; power is integrated instead"
    if gpu.energy is None:
        return f"the exporter does not show its energy{instead}", LIST_ENERGY
    if gpu.energy.value == 0:
        return f"its energy counter stands at 0{instead}", None
    return None, None


def _key(sample: Sample) -> tuple[str, ...]:
    uid = _uid(sample)
    return (uid,) if uid else (_host(sample), sample.labels["gpu"])


def _uid(sample: Sample) -> str | None:
    """``UUID``; ``uuid`` in the old namespace, and ``gpu_uuid`` on lines of links."""
    labels = sample.labels
    return labels.get("UUID") or labels.get("uuid") or labels.get("gpu_uuid") or None


def _host(sample: Sample) -> str:
    """``Hostname`` up to release 4.5.3-4.8.2, then ``hostname``; none with ``--no-hostname``."""
    return sample.labels.get("hostname") or sample.labels.get("Hostname") or ""


def _gpu(lines: Sequence[Sample]) -> Shown:
    labels = lines[0].labels
    number = labels["gpu"]
    return Shown(
        uid=_uid(lines[0]),
        index=int(number) if _INDEX.fullmatch(number) else 0,
        name=labels.get("modelName") or f"NVIDIA GPU {number}",
        host=_host(lines[0]),
        energy=_energy(lines),
        power=_power(lines),
        instances=tuple(sorted({line.labels.get("GPU_I_ID", "") for line in lines} - {""})),
    )


def _energy(lines: Sequence[Sample]) -> Amount | None:
    """The largest of the lines: they tell one counter, a moment apart."""
    return max(_amounts(lines, ENERGY), key=lambda amount: amount.value, default=None)


def _power(lines: Sequence[Sample]) -> Amount | None:
    """The first line of the first metric there is. No GPU that is on draws 0 W."""
    told = [amount for amount in _amounts(lines, POWER) if amount.value]
    return min(told, key=lambda amount: POWER.index(amount.metric), default=None)


def _amounts(lines: Sequence[Sample], metrics: Sequence[str]) -> list[Amount]:
    return [
        Amount(line.name, int(line.value * _PER_UNIT))
        for line in lines
        if line.name in metrics and line.value is not None and 0 <= line.value < _BLANK
    ]
