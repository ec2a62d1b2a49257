"""Metadata of an object of Kubernetes, out of an answer of the API server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joulebook.discovery.kube.unanswered import Unanswered

#: Annotations that are ours; others may be large, or nobody's business.
OURS = "joulebook.io/"
#: The uid that the kubelet gives a static pod: the one in the name of its cgroup.
STATIC_UID = "kubernetes.io/config.hash"


@dataclass(frozen=True, slots=True)
class Reference:
    """Who controls an object.

    Attributes:
        group: Group of its API, such as ``apps``; empty for the core.
        kind: Such as ``ReplicaSet``.
        name: Its name.
        uid: Its uid.
    """

    group: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of an object.

    Attributes:
        uid: Its uid.
        namespace: Its namespace.
        name: Its name.
        labels: Its labels.
        annotations: Those of ours, and a static pod's uid.
        controller: Who controls it; None where nobody does.
    """

    uid: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    controller: Reference | None = None


def metadata(item: Mapping[str, Any]) -> Metadata:
    """Of one object.

    Raises:
        Unanswered: It is no object of Kubernetes.
    """
    try:
        meta = item["metadata"]
        owners = (owner for owner in meta.get("ownerReferences") or () if owner.get("controller"))
        return Metadata(
            _text(meta["uid"]),
            _text(meta["namespace"]),
            _text(meta["name"]),
            _texts(meta.get("labels")),
            _kept(_texts(meta.get("annotations"))),
            next(map(_reference, owners), None),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Unanswered(
            f"the API server tells of an object without the usual metadata: {error}"
        ) from error


def _reference(owner: Mapping[str, Any]) -> Reference:
    group, slash, _ = _text(owner["apiVersion"]).partition("/")
    return Reference(
        group if slash else "", _text(owner["kind"]), _text(owner["name"]), _text(owner["uid"])
    )


def _kept(annotations: Mapping[str, str]) -> dict[str, str]:
    return {
        key: text for key, text in annotations.items() if key.startswith(OURS) or key == STATIC_UID
    }


def _texts(found: Mapping[str, Any] | None) -> dict[str, str]:
    return {_text(key): _text(value) for key, value in (found or {}).items()}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is no text")
    return value
