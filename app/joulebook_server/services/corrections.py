"""What a person may say of a job, checked by the rules that reporters keep."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from joulebook.core.variant import METHODS
from joulebook.errors import WireError
from joulebook.wire import VariantRecord, rules
from joulebook.wire.records import JOB_KINDS
from joulebook_server.errors import Problem
from joulebook_server.store.jobs import CORRECTABLE

_REFUSED = "Refused correction"
_NUMBERS = TypeAdapter(dict[str, float])
_METHODS = TypeAdapter(list[str])
_VARIANT_FIELDS = tuple(VariantRecord.__dataclass_fields__)


def read(content: bytes) -> dict[str, Any]:
    """A correction as it was sent, not checked yet.

    Raises:
        Problem: 422 if it is no JSON, or not an object.
    """
    try:
        changes = json.loads(content)
    except (ValueError, RecursionError) as error:  # the latter where it is nested too deeply
        raise Problem(422, _REFUSED, f"is no JSON: {error}", "$") from error
    if not isinstance(changes, dict):
        raise Problem(422, _REFUSED, "must be an object of fields to correct", "$")
    return changes


def checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    """A correction as it is kept; None takes the one before back.

    Raises:
        Problem: 422 that names the field or value that cannot be.
    """
    try:
        return {name: _checked(name, value) for name, value in changes.items()}
    except WireError as error:
        raise Problem(422, _REFUSED, error.reason, error.path) from error


def _checked(name: str, value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    at = rules.child("$", name)
    if name not in CORRECTABLE:
        rules.refuse(at, f"can be corrected: {', '.join(CORRECTABLE)}")
    if value is None:
        return None
    if name == "variant":
        return _variant(at, value)
    if name in ("work", "quality"):
        return _numbers(at, value, rules.amount if name == "work" else rules.number)
    text = _text(at, value)
    if name == "kind":
        rules.choice(at, text, JOB_KINDS)
    return text


def _text(at: str, value: object) -> str:
    if not isinstance(value, str):
        rules.refuse(at, "must be a text that is not empty, or null")
    rules.text(at, value)
    return value


def _variant(at: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of any shape
    """A label alone is a variant too."""
    told = {"label": value} if isinstance(value, str) else value
    if not isinstance(told, dict) or not {"label"} <= told.keys() <= {*_VARIANT_FIELDS}:
        rules.refuse(at, f"must be a label, or an object with {', '.join(_VARIANT_FIELDS)}")
    try:
        methods = _METHODS.validate_python(told.get("method", []), strict=True)
    except ValidationError:
        rules.refuse(f"{at}.method", "must be a list of texts")
    rules.choices(f"{at}.method", methods, METHODS)
    parent, scheme = told.get("parent"), told.get("scheme")
    return {
        "label": _text(f"{at}.label", told["label"]),
        "method": methods,
        "scheme": None if scheme is None else _text(f"{at}.scheme", scheme),
        "parent": None if parent is None else _text(f"{at}.parent", parent),
    }


def _numbers(at: str, value: object, rule: Callable[[str, float], None]) -> dict[str, float]:
    try:
        numbers = _NUMBERS.validate_python(value, strict=True)
    except (ValidationError, OverflowError):
        rules.refuse(at, "must be an object of numbers")
    for key, number in numbers.items():
        rules.text(at, key)
        rule(rules.child(at, key), number)
    return numbers
