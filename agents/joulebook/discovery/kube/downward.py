r"""What a pod is told of itself: files of a volume of the downward API.

The kubelet writes labels and annotations as lines ``key="value"``, the value quoted as Go does
(``FormatMap`` of Kubernetes' ``pkg/fieldpath``; https://go.dev/ref/spec#String_literals), and
``metadata.name``, ``metadata.namespace`` and ``metadata.uid`` as they are.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from joulebook.discovery.kube.owners import by_labels
from joulebook.discovery.kubernetes import Pod

_NAMES, _MAPS = ("uid", "namespace", "name"), ("labels", "annotations")
_MOST = 1 << 20  # bytes: the API takes 256 KiB of annotations
_LINE = re.compile(r'([^="\s]+)="((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))", re.DOTALL)
_SIMPLE = dict(zip(b'abfnrtv\\"', b'\a\b\f\n\r\t\v\\"', strict=True))


@dataclass(frozen=True, slots=True)
class Inside:
    """What files tell of the pod that they are in.

    Attributes:
        uid, namespace, name: The pod; None where no file tells.
        labels, annotations: Empty likewise.
    """

    uid: str | None
    namespace: str | None
    name: str | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def pod(self) -> Pod | None:
        """As the cluster would tell of it; None where its name is not known.

        Files tell no owner: it is known where the labels that Kubernetes itself sets name it.
        """
        if self.namespace is None or self.name is None:
            return None
        owner = by_labels(self.name, self.labels)
        kind, name = owner if owner is not None else (None, None)
        return Pod(self.namespace, self.name, kind, name, self.labels, self.annotations)


def inside(folder: Path, complain: Callable[[str], None]) -> Inside | None:
    """What the files ``uid``, ``namespace``, ``name``, ``labels`` and ``annotations`` tell.

    Args:
        folder: Where the volume is mounted.
        complain: Is told of lines that were left out.

    Returns:
        None where none of the files is there.
    """
    texts = {name: _text(folder / name) for name in (*_NAMES, *_MAPS)}
    if all(text is None for text in texts.values()):
        return None
    uid, namespace, pod = ((texts[name] or "").strip() or None for name in _NAMES)
    pairs = {name: _pairs(folder / name, texts[name] or "", complain) for name in _MAPS}
    return Inside(uid, namespace, pod, pairs["labels"], pairs["annotations"])


def _pairs(path: Path, text: str, complain: Callable[[str], None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        match = _LINE.fullmatch(line)
        if match is not None and (value := _unquoted(match[2])) is not None:
            found[match[1]] = value
        elif line:
            complain(f'line {number} of {path} is not key="value" and was left out')
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


def _text(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(_MOST).decode(errors="replace")
    except OSError:
        return None
