"""The pod that this process runs in, as far as its own files tell."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from joulebook.metering.guard import harmless, log
from joulebook.settings import Labels
from joulebook.settings.ranks import PodJob

if TYPE_CHECKING:
    from collections.abc import Callable

    from joulebook.discovery.kube.downward import Inside

_PREFIX = "joulebook.io/"
_KEYS = ("model", "variant", "project", "kind")
#: A pod may have no annotations that its owner cares for; without another file something is lost.
_EXPECTED = ("uid", "namespace", "name", "labels")


@dataclass(frozen=True, slots=True)
class OwnPod:
    """What is known of it.

    Attributes:
        job: The job that it is part of; None outside of a pod, or where nothing tells.
        labels: What its labels and annotations say of what runs in it.
    """

    job: PodJob | None = None
    labels: Labels = field(default_factory=Labels)


def own_pod(folder: Path | None, cluster: str | None = None) -> OwnPod:
    """Read it, once a process: what a job is called does not change while it runs.

    What is missing or cannot be read is left out, with one warning for all of it.

    Args:
        folder: Where a volume of the downward API is mounted; None: it is not looked for.
        cluster: What the cluster is called, which no file tells.
    """
    found = OwnPod()
    if folder is not None:
        with harmless("reading what the pod is told of itself"):
            found = _read(folder, cluster)
    return found


def _read(folder: Path, cluster: str | None) -> OwnPod:
    # Only in a pod that is told of itself: others need not load it.
    from joulebook.discovery.kube.downward import FILES, inside  # noqa: PLC0415

    complaints: list[str] = []
    found = inside(folder, complaints.append, cluster)
    own = OwnPod()
    if found is None:
        wanted = ", ".join(FILES)
        complaints.append(f"mount a downwardAPI volume there with the files {wanted}")
    else:
        missing = [f"metadata.{name}" for name in _EXPECTED if name in found.missing]
        if missing:
            complaints.append(f"give the volume {', '.join(missing)} too")
        own = OwnPod(_job(found), _labels(found, complaints.append))
    if complaints:
        log.warning("joulebook: podinfo_dir=%s: %s", folder, "; ".join(complaints))
    return own


def _job(found: "Inside") -> PodJob | None:
    uid = found.job
    return None if uid is None else PodJob(uid, found.owned)


def _labels(found: "Inside", complain: "Callable[[str], None]") -> Labels:
    """An annotation wins over a label: it may hold what no label can, such as a slash."""
    from joulebook.discovery.environ import labels  # noqa: PLC0415 - as above

    told = {**found.labels, **found.annotations}
    ours = {key: told[key] for key in map(_PREFIX.__add__, _KEYS) if key in told}
    return labels(ours, complain, _PREFIX.__add__)
