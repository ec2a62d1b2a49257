"""Batches as agents of a fleet send them: whole, valid, and each agent's windows in order."""

import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from joulebook.core.units import US_PER_S
from joulebook.wire import (
    Agent,
    Batch,
    Device,
    Host,
    Job,
    Meters,
    Parts,
    VariantRecord,
    encode,
    format_time,
)

MODELS = ("meta-llama/Llama-3-8B", "mistralai/Mistral-7B", "google/gemma-2-9b", "Qwen/Qwen2.5-7B")
VARIANTS = ("bf16", "int8", "W4A16-gptq-g128", "pruned-2:4", "distilled")


@dataclass(frozen=True)
class Shape:
    """What a host has, and what one batch of its agent holds.

    Attributes:
        gpus, packages: Devices; each package has its memory beside it.
        windows: Windows of each device in a batch.
        window_us: Their length.
        jobs: Jobs that share the host.
    """

    gpus: int = 8
    packages: int = 2
    windows: int = 3
    window_us: int = 10 * US_PER_S
    jobs: int = 2

    @property
    def entries(self) -> int:
        """Meter windows and parts in one batch."""
        return self.windows * (self.gpus + 2 * self.packages * (1 + self.jobs + 1) + self.gpus)


class Host_:  # noqa: N801 - the wire has a Host
    """One host and its agent.

    Args:
        number: Which host.
        shape: What it has.
        start_us: Where its first window begins, µs since the Unix epoch.
    """

    def __init__(self, number: int, shape: Shape, start_us: int) -> None:
        self._shape = shape
        self._random = random.Random(number)  # noqa: S311 - no secret
        self._at_us = start_us
        self._started = format_time(start_us)
        self._counters: dict[int, int] = {}
        self.name = f"node-{number:05d}"
        self._agent = Agent(f"agent-{number:05d}", "epoch-1", "agent", "0.1.0")
        self._host = Host(f"machine-{number:05d}", self.name, f"boot-{number:05d}", "FR")
        self._devices = list(self._make_devices(number))
        self._jobs = [
            (
                f"slurm:bench:{number * shape.jobs + job}",
                MODELS[(number + job) % len(MODELS)],
                VARIANTS[(number // 3 + job) % len(VARIANTS)],
            )
            for job in range(shape.jobs)
        ]
        self._seq = 0

    def batch(self) -> Batch:
        """The next batch of its agent."""
        rows = [
            self._window(device)
            for _ in range(self._shape.windows)
            for device in self._next_window()
        ]
        self._seq += 1
        columns = list(zip(*(row[:6] for row in rows), strict=True))
        device, start, end, first, last, energy = (list(column) for column in columns)
        meters = Meters(
            device=device,
            start_us=start,
            end_us=end,
            counter_start_uj=first,
            counter_end_uj=last,
            energy_uj=energy,
            observed_us=[self._shape.window_us] * len(rows),
            method=["counter"] * len(rows),
            err_sys_uj=[one // 50 for one in energy],
            err_rand_uj=[one // 200 for one in energy],
            power_max_mw=[one // self._shape.window_us * 1100 for one in energy],
            utilization=[0.9] * len(rows),
        )
        parts = [(meter, *part) for meter, row in enumerate(rows) for part in row[6]]
        return Batch(
            schema=1,
            agent=self._agent,
            seq=self._seq,
            host=self._host,
            devices=self._devices,
            jobs=self._records(),
            meters=meters,
            parts=Parts(
                meter=[one[0] for one in parts],
                job=[one[1] for one in parts],
                bucket=[one[2] for one in parts],
                energy_uj=[one[3] for one in parts],
            ),
        )

    def _next_window(self) -> Iterator[Device]:
        self._at_us += self._shape.window_us
        return iter(self._devices)

    def _window(self, device: Device) -> tuple[Any, ...]:
        watts = self._random.randint(100, 700) if device.kind == "gpu" else 90
        energy = watts * self._shape.window_us + self._random.randint(0, 999)
        first = self._counters.get(device.ref, 10**12)
        self._counters[device.ref] = first + energy
        start = self._at_us - self._shape.window_us
        parts: list[tuple[int, str, int]]
        if device.kind == "gpu":
            parts = [(device.ref % self._shape.jobs, "job", energy)]
        else:
            share = energy // (self._shape.jobs + 2)
            parts = [(job, "job", share) for job in range(self._shape.jobs)]
            parts += [(-1, "system", share)]
            parts += [(-1, "idle", energy - share * (self._shape.jobs + 1))]
        return (device.ref, start, self._at_us, first, first + energy, energy, parts)

    def _records(self) -> list[Job]:
        return [
            Job(
                ref=ref,
                rev=self._at_us,
                uid=uid,
                parent=None,
                phase=None,
                name=f"train-{uid}",
                project="bench",
                kind="training",
                user="1001",
                model=model,
                variant=VariantRecord(variant, ["quantization"]),
                started_at=self._started,
                work={"tokens": float(self._seq * 1000)},
            )
            for ref, (uid, model, variant) in enumerate(self._jobs)
        ]

    def _make_devices(self, number: int) -> Iterator[Device]:
        for index in range(self._shape.gpus):
            uid = f"GPU-{number:08x}-{index:04x}"
            yield Device(index, uid, "gpu", "gpu", True, "NVIDIA H100 80GB HBM3", "nvidia")  # noqa: FBT003
        for index in range(self._shape.packages):
            for kind, scope in (("cpu", "package"), ("dram", "dram")):
                ref = self._shape.gpus + 2 * index + (kind == "dram")
                uid = f"{kind}:{self._host.id}:package-{index}"
                yield Device(ref, uid, kind, scope, True, "Intel Xeon", "intel")  # noqa: FBT003


def packed(batch: Batch) -> bytes:
    """A batch as an agent sends it: JSON, gzip."""
    return gzip.compress(encode(batch), 6)
