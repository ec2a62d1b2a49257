"""The metrics page: names and values, from what was booked.

Names and units follow Prometheus' conventions: base units (joules, seconds, bytes), `_total` for
what only grows (https://prometheus.io/docs/practices/naming/). Energy is summed in whole µJ and
becomes joules here, at the end. What is not known has no sample; it is never 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from joulebook.core.units import UJ_PER_J, US_PER_S
from joulebook.errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

    from joulebook.watching.jobs import JobFigures
    from joulebook.watching.waiting import Waiting
    from joulebook.watching.watched import Snapshot

#: The text format that every Prometheus since 2014 reads.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Labels: TypeAlias = tuple[str, ...]
Samples: TypeAlias = Iterable[tuple[Labels, float]]


def renderer(
    node: str, version: str, look: Callable[[], tuple[Snapshot, Waiting]]
) -> Callable[[], bytes]:
    """What writes the page.

    Args:
        node: Name of this host.
        version: Version of joulebook.
        look: What the page tells, asked anew for each.

    Raises:
        AgentError: prometheus_client is not installed.
    """
    try:
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise AgentError(
            "metrics_listen is set, and prometheus_client is not installed: "
            "pip install 'joulebook[metrics]'"
        ) from error

    class Collector:
        """What the registry asks for all metrics."""

        def collect(self) -> Iterable[Metric]:
            """All of them, anew."""
            return metrics(node, version, *look())

    registry = CollectorRegistry()
    registry.register(Collector())
    return lambda: generate_latest(registry)


def metrics(node: str, version: str, told: Snapshot, waiting: Waiting) -> Iterator[Metric]:
    """Every metric, with its samples."""
    yield from _energy(node, told)
    yield from _jobs(told)
    yield from _agent(version, told, waiting)


def _energy(node: str, told: Snapshot) -> Iterator[Metric]:
    gpus: dict[tuple[str, ...], int] = {}
    others: dict[tuple[str, ...], int] = {}
    for (uid, kind, method), energy_uj in told.devices.items():
        if kind == "gpu":
            gpus[node, uid] = gpus.get((node, uid), 0) + energy_uj
        else:
            others[node, uid, kind, method] = energy_uj
    buckets = {(node, *key): energy_uj for key, energy_uj in told.buckets.items()}
    yield _counter(
        "joulebook_gpu_joules",
        "Energy that a GPU used.",
        ("node", "gpu_uuid"),
        _joules(gpus.items()),
    )
    yield _counter(
        "joulebook_device_joules",
        "Energy that another device used. One of kind host or with a meter around others holds "
        "their energy too: add up by kind, not over all.",
        ("node", "device", "kind", "method"),
        _joules(others.items()),
    )
    yield _counter(
        "joulebook_bucket_joules",
        "Energy of the devices that add up, by what it was for: job, held, idle, system, unknown.",
        ("node", "component", "bucket"),
        _joules(buckets.items()),
    )


def _jobs(told: Snapshot) -> Iterator[Metric]:
    energy = {
        (job.manager, job.id, *source): energy_uj
        for job in told.jobs
        for source, energy_uj in job.energy_uj.items()
    }
    yield _counter(
        "joulebook_job_joules",
        "Energy that a job used on this node, and what it held without using it.",
        ("manager", "job_id", "component", "method"),
        _joules(energy.items()),
    )
    labels = ("manager", "job_id", "model", "variant", "project", "kind", "user", "name")
    known = [(_facts(job), 1.0) for job in told.jobs if job.record is not None]
    yield _info("joulebook_job", "What a job is called.", labels, known)


def _facts(job: JobFigures) -> Labels:
    record = job.record
    if record is None:
        return ()
    variant = record.variant.label if record.variant else None
    facts = (record.model, variant, record.project, record.kind, record.user, record.name)
    return (job.manager, job.id, *(fact or "" for fact in facts))


def _agent(version: str, told: Snapshot, waiting: Waiting) -> Iterator[Metric]:
    own_j = None if told.own_uj is None else told.own_uj / UJ_PER_J
    yield _counter(
        "joulebook_agent_joules",
        "Energy that the agent itself used, within the bucket system.",
        (),
        _one(own_j),
    )
    yield _gauge(
        "joulebook_device_problem",
        "Whether something is wrong with a device; the log and joulebook doctor tell what.",
        ("device", "kind"),
        [(key, float(ill)) for key, ill in told.problems.items()],
    )
    for name, help_text, value in _figures(told, waiting):
        yield _gauge(f"joulebook_agent_{name}", help_text, (), _one(value))
    yield _info("joulebook_build", "The version that runs.", ("version",), [((version,), 1.0)])


def _figures(told: Snapshot, waiting: Waiting) -> Iterable[tuple[str, str, float | None]]:
    end_us, oldest_us = told.last_end_us, waiting.oldest_us
    return (
        ("last_window_timestamp_seconds", "When the latest window ended.", _seconds(end_us)),
        ("spool_batches", "Batches that wait to be sent.", waiting.batches),
        ("spool_bytes", "What batches fill on the disk.", waiting.used_bytes),
        ("spool_oldest_seconds", "How long the oldest batch has waited.", _seconds(oldest_us)),
        ("quarantined_batches", "Batches that the server refused.", waiting.quarantined),
        ("server_up", "Whether the server took what was sent last.", waiting.server_up),
    )


def _counter(name: str, text: str, labels: Labels, samples: Samples) -> Metric:
    from prometheus_client.core import CounterMetricFamily  # noqa: PLC0415 - as above

    return _filled(CounterMetricFamily(name, text, labels=labels), samples)


def _gauge(name: str, text: str, labels: Labels, samples: Samples) -> Metric:
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415 - as above

    return _filled(GaugeMetricFamily(name, text, labels=labels), samples)


def _info(name: str, text: str, labels: Labels, samples: Samples) -> Metric:
    """A gauge of 1 whose labels tell: the library's own Info wants them as a mapping."""
    return _gauge(f"{name}_info", text, labels, samples)


def _filled(family: CounterMetricFamily | GaugeMetricFamily, samples: Samples) -> Metric:
    for labels, value in samples:
        family.add_metric([_plain(label) for label in labels], value)
    return family


def _joules(energy_uj: Iterable[tuple[Labels, int]]) -> Samples:
    return [(labels, uj / UJ_PER_J) for labels, uj in energy_uj]


def _one(value: float | None) -> Samples:
    return [] if value is None else [((), float(value))]


def _seconds(time_us: int | None) -> float | None:
    return None if time_us is None else time_us / US_PER_S


def _plain(label: str) -> str:
    """A text that can be written: one odd name must not cost the whole page."""
    return label.encode("utf-8", "replace").decode("utf-8")
