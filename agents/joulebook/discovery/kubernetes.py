"""Pods of Kubernetes: which job they are part of, as far as the cluster is asked."""

import logging
import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from joulebook.discovery.environ import labels
from joulebook.discovery.owner import KUBERNETES, Owner
from joulebook.discovery.place import PodPlace
from joulebook.discovery.plain import labels_of
from joulebook.settings.ranks import plain
from joulebook.wire.rules import MAX_TEXT

log = logging.getLogger("joulebook")

_PREFIX = "joulebook.io/"  # of annotations, and of labels where there is no annotation
_REMEMBERED = 4096
_SHOWN = 8  # characters of the uid of who controls a pod: they tell one run from the next
#: How kinds are called whose objects come to an end: the next one of the same name is another job.
#: What serves (a Deployment, a RayCluster) is the same job when it is made anew.
_ENDS = ("Job", "JobSet", "Run", "Workflow", "SparkApplication", "Trial", "AppWrapper")

#: ``k8s:[<cluster>/]<namespace>/<kind>/<name>[@<uid>]``, which `_name` writes.
_CONTROLLER = re.compile(r"k8s:(?:[^/]+/)?(?P<path>[^/]+/[^/]+/[^/@]+)(?:@[^/@]*)?")


@dataclass(frozen=True, slots=True)
class Pod:
    """What the cluster tells of a pod.

    Attributes:
        namespace: Its namespace.
        name: Its name.
        owner_kind, owner_name, owner_uid: Who controls it in the end: the Job, not the pod; the
            Deployment, not its ReplicaSet. None where nobody does, or it is not known.
        labels: Its labels.
        annotations: Its annotations that begin with ``joulebook.io/``.
        gpus: UUIDs of the GPUs that the kubelet gave it, on this host.
        cluster: What its cluster is called; None where nobody tells.
    """

    namespace: str
    name: str
    owner_kind: str | None = None
    owner_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    owner_uid: str | None = None
    cluster: str | None = None


class PodInfo(Protocol):
    """Asks the cluster, or remembers what it said. Called at every look: it answers at once."""

    def pod(self, uid: str) -> Pod | None:
        """The pod of this uid, with its controlling owner if it has one.

        None where it is not known, or not wholly yet: a job is waited for, and named once.

        A static pod has two uids: its cgroup has the one without dashes, which the API shows as
        the annotation ``kubernetes.io/config.hash`` of the mirror pod.
        """

    def waits(self, uid: str) -> bool:
        """Whether a pod that is not known may still become so: nobody has answered yet.

        It ends after some minutes, whoever answers or not.
        """


class Pods:
    """Names the jobs that pods are part of; a name is given once.

    Args:
        info: Who knows the pods; None: every pod is a job of its own.
        names: Names that were given, by uid of the pod; one that outlives us keeps them.
    """

    def __init__(
        self, info: PodInfo | None = None, names: MutableMapping[str, str] | None = None
    ) -> None:
        self._info = info
        self._uids: MutableMapping[str, str] = {} if names is None else names

    def uid(self, place: PodPlace, *, final: bool) -> str | None:
        """The job's name, by who controls the pod.

        It is ``k8s:[<cluster>/]<namespace>/<kind>/<name>[@<uid>]``; the first characters of the
        uid are there for kinds that come to an end.

        Args:
            place: The pod.
            final: Whether to wait no longer: a pod that nobody knows is ``k8s:pod:<uid>``. Who
                knows pods and has not answered yet is waited for all the same.

        Returns:
            None where nobody knows the pod yet.
        """
        if (known := self._uids.get(place.pod)) is not None:
            return known
        pod = self._info.pod(place.pod) if self._info is not None else None
        if pod is None and self._info is not None:
            if not final or self._info.waits(place.pod):
                return None
            log.warning(
                "joulebook: nobody tells whose the pod %s is: it is a job of its own, k8s:pod:%s",
                *(place.pod, place.pod),
            )
        if len(self._uids) >= _REMEMBERED:
            del self._uids[next(iter(self._uids))]
        return self._uids.setdefault(place.pod, _name(pod) or f"k8s:pod:{place.pod}")

    def owner(
        self, uid: str, place: PodPlace, parent: str | None, complain: Callable[[str], None]
    ) -> Owner:
        """What the cluster tells of the pod's job.

        Args:
            uid: The job's name.
            place: The pod.
            parent: The job above it, if one is named.
            complain: Is handed what is wrong with an annotation that was left out.
        """
        told = self.told(uid, place, complain)
        return Owner(uid, KUBERNETES, parent) if told is None else replace(told, parent=parent)

    def told(self, uid: str, place: PodPlace, complain: Callable[[str], None]) -> Owner | None:
        """What the cluster tells now: a label may be set, a GPU allotted, while the job runs.

        Args:
            uid: The job's name.
            place: The pod.
            complain: Is handed what is wrong with an annotation that was left out.

        Returns:
            None where nobody knows the pod.
        """
        pod = self._info.pod(place.pod) if self._info is not None else None
        if pod is None:
            return None
        told = {**pod.labels, **pod.annotations}
        said = labels(told, complain, _PREFIX.__add__)
        name = told.get(f"{_PREFIX}name") or pod.owner_name or pod.name
        found = replace(labels_of(said), name=name[:MAX_TEXT])
        return Owner(uid, KUBERNETES, None, found, pod.gpus)


def names_alike(one: str, other: str) -> bool:
    """Whether two uids are of one controller, as far as each tells.

    The files of a pod do not tell the uid of every kind of controller, nor always the cluster.
    """
    first, second = _CONTROLLER.fullmatch(one), _CONTROLLER.fullmatch(other)
    return first is not None and second is not None and first["path"] == second["path"]


def _name(pod: Pod | None) -> str | None:
    """None for a pod on its own: another of the same name may follow, and is another job."""
    if pod is None or not pod.owner_kind or not pod.owner_name:
        return None
    where = [pod.cluster, pod.namespace] if pod.cluster else [pod.namespace]
    path = [*where, pod.owner_kind.lower(), pod.owner_name]
    ends = pod.owner_uid is not None and pod.owner_kind.endswith(_ENDS)
    run = f"@{plain((pod.owner_uid or '')[:_SHOWN])}" if ends else ""
    return f"k8s:{'/'.join(map(plain, path))}{run}"
