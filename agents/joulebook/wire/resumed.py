"""Where a span stands when another goes on measuring it, and what one stretch of it came to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from joulebook.wire import rules


@dataclass(frozen=True, slots=True)
class Resumed:
    """A span that began before this agent measured it.

    Attributes:
        started_us: When it began, µs since the Unix epoch.
        elapsed_us: Time since then by the monotonic clock, µs.
        rev: The highest revision that a record of its job can have so far.
        work, quality: What it has come to.
        carried: Work of ended spans of the same reporter and job.
    """

    started_us: int
    elapsed_us: int
    rev: int = 0
    work: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)
    carried: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Came:
    """What a span came to while one agent measured it: exact, so that stretches can be added.

    Attributes:
        energy: ``[kind of device, method, energy µJ, systematic error µJ]`` for each.
        observed_us: Observed time by device, µs.
        err_rand_sq: Sum of squares of random errors, µJ², as text: it can be longer than a number.
        told: Whether any window could tell whose its energy was.
        untold_uj: Energy of which nobody could tell whose it was, µJ, by kind of device.
        simulated: Devices among them that are simulated.
    """

    energy: list[tuple[str, str, int, int]] = field(default_factory=list)
    observed_us: dict[str, int] = field(default_factory=dict)
    err_rand_sq: str = "0"
    told: bool = False
    untold_uj: dict[str, int] = field(default_factory=dict)
    simulated: list[str] = field(default_factory=list)


def read_resumed(tree: object) -> Resumed | None:
    """Where a span stands; None where it begins.

    Raises:
        WireError: With the JSON path of what is wrong.
    """
    if tree is None:
        return None
    if not isinstance(tree, dict):
        rules.refuse("$.resumed", "must be an object or null")
    work, quality = amounts_of(tree, "$.resumed")
    return Resumed(
        started_us=_integer(tree, "started_us"),
        elapsed_us=_integer(tree, "elapsed_us"),
        rev=_integer(tree, "rev"),
        work=work,
        quality=quality,
        carried=_amounts(tree, "carried", "$.resumed"),
    )


def read_came(tree: Mapping[str, Any]) -> Came:
    """What an agent told; for its answers, which are trusted.

    Raises:
        KeyError, TypeError, ValueError: It is of another shape.
    """
    return Came(
        energy=[(str(kind), str(how), int(uj), int(err)) for kind, how, uj, err in tree["energy"]],
        observed_us={str(uid): int(us) for uid, us in tree["observed_us"].items()},
        err_rand_sq=str(int(tree["err_rand_sq"])),
        told=tree["told"] is True,
        untold_uj={str(kind): int(energy_uj) for kind, energy_uj in tree["untold_uj"].items()},
        simulated=[str(uid) for uid in tree["simulated"]],
    )


def amounts_of(tree: Mapping[str, Any], at: str) -> tuple[dict[str, float], dict[str, float]]:
    """Work and quality of a span.

    Raises:
        WireError: With the JSON path, below `at`, of what is wrong.
    """
    return _amounts(tree, "work", at), _numbers(tree, "quality", at)


def _amounts(tree: Mapping[str, Any], key: str, at: str) -> dict[str, float]:
    found = _numbers(tree, key, at)
    for unit, amount in found.items():
        rules.amount(rules.child(f"{at}.{key}", unit), amount)
    return found


def _numbers(tree: Mapping[str, Any], key: str, at: str) -> dict[str, float]:
    found = tree.get(key, {})
    if not isinstance(found, dict):
        rules.refuse(f"{at}.{key}", "must be an object")
    for name, value in found.items():
        spot = rules.child(f"{at}.{key}", name)
        rules.text(spot, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            rules.refuse(spot, "must be a number")
        rules.number(spot, value)
    return dict(found)


def _integer(tree: Mapping[str, Any], key: str) -> int:
    value = tree.get(key, 0 if key == "rev" else None)
    if isinstance(value, bool) or not isinstance(value, int):
        rules.refuse(f"$.resumed.{key}", "must be an integer")
    rules.integer(f"$.resumed.{key}", value)
    return value
