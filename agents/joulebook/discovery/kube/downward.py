r"""What a pod is told of itself: files of a volume of the downward API.

The kubelet writes labels and annotations as lines ``key="value"``, the value quoted as Go does
(``FormatMap`` of Kubernetes' ``pkg/fieldpath``; https://go.dev/ref/spec#String_literals), and
``metadata.name``, ``metadata.namespace`` and ``metadata.uid`` as they are.
"""

import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from joulebook.discovery.kube.owners import by_labels
from joulebook.discovery.kube.trainers import by_operator
from joulebook.discovery.kubernetes import Pod, Pods
from joulebook.discovery.place import PodPlace

_NAMES, _MAPS = ("uid", "namespace", "name"), ("labels", "annotations")
#: What the files are called.
FILES = (*_NAMES, *_MAPS)
_MOST = 1 << 20  # bytes: the API takes 256 KiB of annotations
_LINE = re.compile(r'([^="\s]+)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SIMPLE = dict(zip(b'abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))
_NAME = re.compile(r"[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?")
#: As in the name of the pod's cgroup, which an agent takes it from; a static pod's has no dashes.
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Inside:
    """What files tell of the pod that they are in.

    Attributes:
        uid, namespace, name: The pod; None where no file tells.
        labels, annotations: Empty likewise.
        missing: Names of files that are not there, or cannot be read.
        cluster: What its cluster is called, which no file tells; None where nobody said.
    """

    uid: str | None
    namespace: str | None
    name: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    missing: tuple[str, ...] = field(default=(), compare=False)
    cluster: str | None = None

    @property
    def pod(self) -> Pod | None:
        """As the cluster would tell of it; None where its name is not known.

        Files tell no owner: it is known where the labels name it that Kubernetes and operators
        set themselves.
        """
        if self.namespace is None or self.name is None:
            return None
        owner = by_labels(self.name, self.labels) or by_operator(self.labels)
        kind, name, uid = owner if owner is not None else (None, None, None)
        return Pod(
            self.namespace,
            self.name,
            kind,
            name,
            self.labels,
            self.annotations,
            owner_uid=uid,
            cluster=self.cluster,
        )

    @property
    def owned(self) -> bool:
        """Whether it is known who controls the pod: all pods of that one have the same `job`."""
        pod = self.pod
        return pod is not None and bool(pod.owner_kind and pod.owner_name)

    @property
    def job(self) -> str | None:
        """Name of the job that the pod is part of; None if nothing tells.

        As an agent gives it, but for the uid of who controls the pod where no label tells that, and
        for a cluster that only the agent knows.
        """
        if self.uid is None and not self.owned:
            return None
        return Pods(_Itself(self.pod) if self.pod is not None else None).uid(
            PodPlace(self.uid or ""), final=True
        )


@dataclass(frozen=True, slots=True)
class _Itself:
    """Knows the one pod that it is in."""

    known: Pod | None

    def pod(self, uid: str) -> Pod | None:  # noqa: ARG002 - there is no other
        return self.known

    def waits(self, uid: str) -> bool:  # noqa: ARG002 - likewise
        return False


def inside(
    folder: Path, complain: Callable[[str], None], cluster: str | None = None
) -> Inside | None:
    """What the files ``uid``, ``namespace``, ``name``, ``labels`` and ``annotations`` tell.

    Args:
        folder: Where the volume is mounted.
        complain: Is told of what was left out, once a file at most; not of files that are missing.
        cluster: What the cluster is called.

    Returns:
        None where none of the files is there.
    """
    texts = {name: _text(folder / name, complain) for name in FILES}
    missing = tuple(name for name, text in texts.items() if text is None)
    if missing == FILES:
        return None
    uid, namespace, pod = (_named(folder / name, texts[name] or "", complain) for name in _NAMES)
    pairs = {name: _pairs(folder / name, texts[name] or "", complain) for name in _MAPS}
    told = (pairs["labels"], pairs["annotations"])
    return Inside(uid, namespace, pod, *told, missing, cluster)


def _named(path: Path, text: str, complain: Callable[[str], None]) -> str | None:
    found, rule = text.strip(), _UID if path.name == "uid" else _NAME
    if not found or rule.fullmatch(found):
        return found or None
    complain(f"{path} holds no {path.name} of a pod and was left out: {found!r:.60}")
    return None


def _pairs(path: Path, text: str, complain: Callable[[str], None]) -> dict[str, str]:
    found: dict[str, str] = {}
    wrong: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is not None and (value := _unquoted(match[2])) is not None:
            found[match[1]] = value
        elif line:
            wrong.append(number)
    if wrong:
        more = f", and so were {len(wrong) - 1} more" if wrong[1:] else ""
        complain(f'line {wrong[0]} of {path} is not key="value" and was left out{more}')
    return found


def _unquoted(quoted: str) -> str | None:
    """None where an escape is none of Go's."""
    try:
        return _ESCAPE.sub(_byte, quoted.encode()).decode(errors="replace")
    except (KeyError, ValueError):
        return None


def _byte(escape: re.Match[bytes]) -> bytes:
    if escape[4] is not None:
        return bytes([_SIMPLE[ord(escape[4])]])
    if escape[1] is not None:
        return bytes([int(escape[1], 16)])
    return chr(int(escape[2] or escape[3], 16)).encode()


def _text(path: Path, complain: Callable[[str], None]) -> str | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for
            complain(f"{path} is no file")
            return None
        with path.open("rb") as file:
            return file.read(_MOST).decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        complain(f"cannot read {path}: {error.strerror}")
        return None
