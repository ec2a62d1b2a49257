"""What a user gave, made fit for the wire: what cannot be used is left out with a warning.

One label that cannot be sent must not keep the energy of its job, or of others, from being booked.
"""

import math
from collections.abc import Mapping

from joulebook.core.variant import Variant, as_variant
from joulebook.metering.guard import log
from joulebook.wire.records import JOB_KINDS
from joulebook.wire.rules import MAX_AMOUNT, MAX_TEXT


def kind_of(given: object) -> str:
    """A kind of job; ``other`` where it is not known."""
    if given is None:
        return "other"
    if given not in JOB_KINDS:
        known = ", ".join(JOB_KINDS)
        log.warning("joulebook: unknown kind %r, booked as 'other'; known are %s", given, known)
        return "other"
    return str(given)


def text_of(value: object) -> str | None:
    """A name the wire takes: names of files may hold bytes that are no text."""
    if value is None:
        return None
    return str(value).encode(errors="replace").decode().replace("\x00", "")[:MAX_TEXT] or None


def variant_of(given: object) -> Variant | None:
    """A variant by its label, or as it is; None where it is neither."""
    if given is None:
        return None
    try:
        if not isinstance(given, str | Variant):
            raise TypeError("give a label such as 'int8', or a joulebook.Variant")  # noqa: TRY301 - one way to say no
        variant = as_variant(given)
        return variant and Variant(
            text_of(variant.label) or "",
            variant.method,
            text_of(variant.scheme),
            text_of(variant.parent),
        )
    except (TypeError, ValueError) as error:
        log.warning("joulebook: variant=%r left out: %s", given, error)
        return None


def numbers_of(argument: str, given: object, *, least: float = -math.inf) -> dict[str, float]:
    """Finite numbers by name as plain Python ones.

    Args:
        argument: Name of the argument of `log`, for warnings.
        given: What was passed for it.
        least: The least that is taken.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        log.warning(
            "joulebook: %s=%r left out: give names with numbers, such as {'samples': 100}",
            argument,
            given,
        )
        return {}
    kept: dict[str, float] = {}
    for key, value in given.items():
        name, number = text_of(key), _number(value)
        if name is None or not name.strip() or number is None:
            log.warning("joulebook: %s %r=%r left out: not a finite number", argument, key, value)
        elif number < least:
            log.warning("joulebook: %s %r=%r left out: less than %g", argument, key, value, least)
        else:
            kept[name] = number
    return kept


def _number(value: object) -> float | None:
    """A number that the wire takes, also from libraries with numbers of their own."""
    try:
        number = value if isinstance(value, int) else float(value)  # type: ignore[arg-type]
        fits = math.isfinite(number) and (not number or 1 / MAX_AMOUNT <= abs(number) <= MAX_AMOUNT)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if fits else None
