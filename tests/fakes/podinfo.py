"""A volume of the downward API, as the kubelet writes one.

Names and texts are those of Kubernetes: the atomic writer (``pkg/volume/util/atomic_writer.go``)
and ``FormatMap`` (``pkg/fieldpath/fieldpath.go``), whose ``%q`` is Go's.
"""

from collections.abc import Mapping
from pathlib import Path

UID = "0c1d2e3f-1111-2222-3333-444444444444"
_STAMP = "..2026_11_24_10_00_00.123456789"
_SIMPLE = dict(zip('\a\b\f\n\r\t\v\\"', 'abfnrtv\\"', strict=True))


def podinfo(  # noqa: PLR0913 - one for each file
    folder: Path,
    *,
    uid: str = UID,
    namespace: str = "research",
    name: str = "train-x7k2p",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Path:
    """The volume of one pod; returns where it is mounted."""
    texts = {"uid": uid, "namespace": namespace, "name": name}
    texts |= {"labels": formatted(labels or {}), "annotations": formatted(annotations or {})}
    return written(folder, texts)


def written(folder: Path, texts: Mapping[str, str]) -> Path:
    """Files that are links into a folder that is replaced as a whole."""
    (folder / _STAMP).mkdir(parents=True)
    (folder / "..data").symlink_to(_STAMP)
    for path, text in texts.items():
        (folder / _STAMP / path).write_text(text, encoding="utf-8")
        (folder / path).symlink_to(f"..data/{path}")
    return folder


def formatted(pairs: Mapping[str, str]) -> str:
    """Labels or annotations as one text."""
    return "\n".join(f'{key}="{_quoted(pairs[key])}"' for key in sorted(pairs))


def _quoted(text: str) -> str:
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character in _SIMPLE:
        return f"\\{_SIMPLE[character]}"
    if character.isprintable():
        return character
    return f"\\x{ord(character):02x}" if ord(character) < 0x80 else f"\\u{ord(character):04x}"
