"""Bytes of a batch: canonical JSON, so that one content has one digest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, NoReturn, TypeVar

from joulebook.wire.records import (
    Agent,
    Batch,
    Device,
    Host,
    Job,
    Meters,
    Parts,
    VariantRecord,
)

Record = TypeVar("Record")


def encode(batch: Batch) -> bytes:
    """Canonical JSON of a batch: sorted keys, no spaces, UTF-8, no NaN.

    Raises:
        ValueError: A number is not finite, or a text is not writable as UTF-8.
        OverflowError: An integer stands in for a float and is beyond every float.
        TypeError: A value has no JSON form.
    """
    text = json.dumps(
        batch,
        default=_plain,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return text.encode()


def digest(batch: Batch) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(encode(batch)).hexdigest()


def decode(content: bytes) -> Batch:
    """Read back what `encode` wrote; for our own files, not for input from outside.

    Raises:
        KeyError, TypeError, ValueError: The bytes are not such a batch.
    """
    return from_tree(json.loads(content, parse_constant=_refuse_constant))


def from_tree(tree: Mapping[str, Any]) -> Batch:
    """A batch from parsed JSON of the right shape; unknown keys are ignored."""
    return Batch(
        schema=tree["schema"],
        agent=_record(Agent, tree["agent"]),
        seq=tree["seq"],
        host=_record(Host, tree["host"]),
        devices=[_record(Device, device) for device in tree["devices"]],
        jobs=[_job(job) for job in tree["jobs"]],
        meters=_record(Meters, tree["meters"]),
        parts=_record(Parts, tree["parts"]),
    )


def _job(tree: Mapping[str, Any]) -> Job:
    variant = tree["variant"]
    known = None if variant is None else _record(VariantRecord, variant)
    return _record(Job, {**tree, "variant": known})


def _record(kind: type[Record], tree: Mapping[str, Any]) -> Record:
    names = kind.__dataclass_fields__  # type: ignore[attr-defined] # every record is a dataclass
    return kind(**{name: value for name, value in tree.items() if name in names})


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _plain(record: object) -> dict[str, Any]:
    """The fields of one record; json.dumps asks again for records within it.

    Numbers of a float field are written as floats, whatever the sender put there: 5 and
    5.0 are one content and have one digest.
    """
    if not is_dataclass(record) or isinstance(record, type):
        raise TypeError(f"{type(record).__name__} has no place on the wire")
    tree = {field.name: getattr(record, field.name) for field in fields(record)}
    if isinstance(record, Job):
        for name in ("work", "quality"):
            tree[name] = {key: float(value) for key, value in tree[name].items()}
        if record.reporter is None:  # said only where there is one: most jobs have none
            del tree["reporter"]
    if isinstance(record, Meters):
        tree["utilization"] = [None if use is None else float(use) for use in record.utilization]
        if not any(one is not None for one in record.own_uj):  # trackers never tell
            del tree["own_uj"]
    return tree
