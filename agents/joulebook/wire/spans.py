"""The span protocol, version 1: what a tracker and the agent of its host say to each other.

One JSON object a line, over a Unix stream socket; every request has one answer, in order.
``docs/spans.md`` tells the words. A line that breaks a rule is refused with its JSON path, and
the connection goes on.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from joulebook.core.variant import METHODS
from joulebook.errors import WireError
from joulebook.wire import rules
from joulebook.wire.records import JOB_KINDS, VariantRecord
from joulebook.wire.resumed import Resumed, amounts_of, read_resumed

PROTOCOL = 1
#: The longest line that either side reads, bytes.
MAX_LINE = 65_536

_TEXTS = ("name", "project", "model")


@dataclass(frozen=True, slots=True)
class Begin:
    """A span that a caller opens.

    Attributes:
        uid: Global id of its job.
        key: The caller's own name for the span: several spans can have one uid.
        outer: Key of the enclosing span of the same caller, or None.
        parent: uid of the enclosing job, or None.
        shared: Whether other processes may have spans of the same uid.
        reporter: Who counts the work: a record of the same reporter replaces an older one.
        kind, name, project, model, variant: Labels of the job.
        resumed: Where the span stands, if another measured it until now.
    """

    uid: str
    key: str
    outer: str | None = None
    parent: str | None = None
    shared: bool = False
    reporter: str | None = None
    kind: str = "other"
    name: str | None = None
    project: str | None = None
    model: str | None = None
    variant: VariantRecord | None = None
    resumed: Resumed | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a span has logged so far: totals, so that saying it twice changes nothing.

    Attributes:
        key: The span.
        work: Units of work since its begin.
        quality: Scores; the last value of each.
    """

    key: str
    work: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)


def line(message: Mapping[str, Any]) -> bytes:
    """One message as it goes over the socket.

    Raises:
        ValueError: A number is not finite, or a text cannot be written as UTF-8.
    """
    text = json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def parsed(content: bytes) -> dict[str, Any]:
    """One message from its line.

    Raises:
        WireError: It is no JSON object, or not finite.
    """
    try:
        message = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise WireError("$", f"is no JSON: {error}") from None
    if not isinstance(message, dict):
        raise WireError("$", "must be an object")
    return message


def begin_message(begin: Begin) -> dict[str, Any]:
    """The request that opens a span."""
    return {"op": "begin", **asdict(begin)}


def progress_message(op: str, progress: Progress) -> dict[str, Any]:
    """The request ``log`` or ``end`` of a span."""
    return {"op": op, **asdict(progress)}


def read_begin(message: Mapping[str, Any]) -> Begin:
    """A span to open.

    Raises:
        WireError: With the JSON path of what is wrong.
    """
    shared = message.get("shared", False)
    if not isinstance(shared, bool):
        rules.refuse("$.shared", "must be true or false")
    begin = Begin(
        uid=_text(message, "uid"),
        key=_text(message, "key"),
        outer=_optional(message, "outer"),
        parent=_optional(message, "parent"),
        shared=shared,
        reporter=_optional(message, "reporter"),
        kind=_text(message, "kind"),
        variant=_variant(message.get("variant")),
        resumed=read_resumed(message.get("resumed")),
        **{name: _optional(message, name) for name in _TEXTS},
    )
    rules.choice("$.kind", begin.kind, JOB_KINDS)
    if begin.parent == begin.uid:
        rules.refuse("$.parent", "a job cannot be its own parent")
    return begin


def read_progress(message: Mapping[str, Any]) -> Progress:
    """What a span has come to.

    Raises:
        WireError: With the JSON path of what is wrong.
    """
    work, quality = amounts_of(message, "$")
    return Progress(_text(message, "key"), work, quality)


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key)
    if not isinstance(value, str):
        rules.refuse(f"$.{key}", "must be a text")
    rules.text(f"$.{key}", value)
    return value


def _optional(message: Mapping[str, Any], key: str, at: str = "$") -> str | None:
    value = message.get(key)
    if value is not None and not isinstance(value, str):
        rules.refuse(f"{at}.{key}", "must be a text or null")
    rules.optional_text(f"{at}.{key}", value)
    return value


def _variant(tree: object) -> VariantRecord | None:
    if tree is None:
        return None
    if not isinstance(tree, dict):
        rules.refuse("$.variant", "must be an object or null")
    label, method = tree.get("label"), tree.get("method", [])
    if not isinstance(label, str):
        rules.refuse("$.variant.label", "must be a text")
    rules.text("$.variant.label", label)
    if not isinstance(method, list) or not all(isinstance(one, str) for one in method):
        rules.refuse("$.variant.method", "must be an array of texts")
    rules.choices("$.variant.method", method, METHODS)
    at = "$.variant"
    return VariantRecord(
        label, method, _optional(tree, "scheme", at), _optional(tree, "parent", at)
    )


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a finite number")
