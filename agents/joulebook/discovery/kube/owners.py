"""Which workload a pod is part of: the Job, not the pod; the Deployment, not its ReplicaSet.

All pods of a training are one job, on all nodes. Controllers of training (PyTorchJob, MPIJob,
RayCluster, …) are taken as whatever kind they are.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple
from urllib.parse import quote

from joulebook.discovery.kube.api import Ask
from joulebook.discovery.kube.metadata import Metadata, Reference, metadata
from joulebook.discovery.kube.unanswered import Denied

#: Sets of workloads that write their name on every pod.
_SETS = {
    "jobset.sigs.k8s.io/jobset-name": "JobSet",
    "leaderworkerset.sigs.k8s.io/name": "LeaderWorkerSet",
}
#: Labels that tell the uid too, by kind. Older controllers do not set them.
_UIDS = {
    "JobSet": "jobset.sigs.k8s.io/jobset-uid",
    "Job": "batch.kubernetes.io/controller-uid",
}
#: Kinds above which there may be another, and where they are asked for.
_PATHS = {
    ("apps", "ReplicaSet"): "/apis/apps/v1/namespaces/{}/replicasets/{}",
    ("batch", "Job"): "/apis/batch/v1/namespaces/{}/jobs/{}",
}
#: What starts one Job after another: each is a job of its own.
_STARTERS = ("CronJob", "ScaledJob")
#: The kubelet's mirror of a static pod is controlled by its node.
_NODE = Reference("", "Node", "", "")
_HASH = "pod-template-hash"
_REPLICA = "(.+)-{}-[a-z0-9]{{5}}"  # the name of a pod of a Deployment, by its hash
#: Labels of controllers that start Jobs for a part of their work.
_TRAINERS = ("training.kubeflow.org/", "trainer.kubeflow.org/", "ray.io/")
_REFUSED = (403, 404)  # not permitted; gone before its pods


class Workload(NamedTuple):
    """Who controls a pod in the end."""

    kind: str
    name: str
    uid: str | None = None


class Owners:
    """Finds the workloads of pods, each with one question; what was found is remembered."""

    def __init__(self) -> None:
        self._known: dict[str, Workload] = {}
        self._forbidden: set[str] = set()

    def of(self, pod: Metadata, ask: Ask) -> Workload | None:
        """The workload of a pod; None for a pod on its own.

        Raises:
            Unanswered: The API server gives no answer now. A name that is a guess would be
                another one later.
        """
        if (found := in_a_set(pod.labels)) is not None:
            return found
        above = pod.controller
        if above is None or (above.group, above.kind) == (_NODE.group, _NODE.kind):
            return None
        if (above.group, above.kind) not in _PATHS:
            return _of(above)
        if above.uid not in self._known:
            self._known[above.uid] = self._above(pod, above, ask)
        return self._known[above.uid]

    def keep(self, pods: Collection[Metadata]) -> None:
        """Forget what controls none of these any more."""
        uids = {pod.controller.uid for pod in pods if pod.controller is not None}
        self._known = {uid: found for uid, found in self._known.items() if uid in uids}

    def _above(self, pod: Metadata, controller: Reference, ask: Ask) -> Workload:
        itself = _of(controller)
        asked = self._asked(pod.namespace, controller, ask)
        if asked is None:
            return _deployment(pod.labels, controller) or itself
        above = asked.controller
        if above is None or above.kind in _STARTERS:
            return itself
        return _of(above)

    def _asked(self, namespace: str, controller: Reference, ask: Ask) -> Metadata | None:
        """None where we are not permitted to know: that is asked once for each kind."""
        if controller.kind in self._forbidden:
            return None
        path = _PATHS[controller.group, controller.kind]
        try:
            return metadata(ask.one(path.format(quote(namespace), quote(controller.name))))
        except Denied as error:
            if error.status not in _REFUSED:
                raise
            if error.status == _REFUSED[0]:
                self._forbidden.add(controller.kind)
            return None


def in_a_set(labels: Mapping[str, str]) -> Workload | None:
    """The set of workloads whose name a pod bears."""
    found = ((kind, labels[key]) for key, kind in _SETS.items() if key in labels)
    return next((Workload(kind, name, _uid(kind, labels)) for kind, name in found), None)


def _of(controller: Reference) -> Workload:
    return Workload(controller.kind, controller.name, controller.uid)


def _uid(kind: str, labels: Mapping[str, str]) -> str | None:
    return labels.get(_UIDS.get(kind, "")) or None


def _deployment(labels: Mapping[str, str], controller: Reference) -> Workload | None:
    """A Deployment names its ReplicaSets after itself and the hash that their pods bear."""
    ending = f"-{labels.get(_HASH)}"
    if controller.kind != "ReplicaSet" or not controller.name.endswith(ending):
        return None
    return Workload("Deployment", controller.name.removesuffix(ending))


def by_labels(pod: str, labels: Mapping[str, str]) -> Workload | None:
    """The workload of a pod as far as labels tell that Kubernetes itself sets.

    Args:
        pod: Name of the pod.
        labels: Its labels.
    """
    if (found := in_a_set(labels)) is not None:
        return found
    if any(key.startswith(_TRAINERS) for key in labels):
        return None  # a Job may be a part of theirs
    if (job := labels.get("batch.kubernetes.io/job-name")) is not None:
        return Workload("Job", job, _uid("Job", labels))
    if _HASH in labels and (match := re.fullmatch(_REPLICA.format(re.escape(labels[_HASH])), pod)):
        return Workload("Deployment", match[1])
    if labels.get("statefulset.kubernetes.io/pod-name") == pod:
        return Workload("StatefulSet", pod.rpartition("-")[0])
    return None
