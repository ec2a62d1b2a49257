"""The experiment: every step is a job, measured by `joulebook.track`."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np

import joulebook
from joulebook.clock import Clock
from joulebook.core.units import MISSING, format_energy
from joulebook_demo.digits import accuracy
from joulebook_demo.inference import Engine
from joulebook_demo.workshop import RECIPES, Recipe, Workshop

MODEL = "digits-mlp"
PROJECT = "demo"
#: Run before each measured span, so that caches and clocks are as warm for every variant, s.
WARM_UP_S = 0.2

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """What was done for one variant; its figures are the server's.

    Attributes:
        label: Name of the variant.
        size_bytes: Size of its ONNX file.
        build: uid of the job that made it.
        rounds: uids of its inference jobs, one a round.
    """

    label: str
    size_bytes: int
    build: str
    rounds: tuple[str, ...]


def conduct(shop: Workshop, clock: Clock, announce: Announce) -> list[Trial]:
    """Make every variant, then let all infer round by round.

    Args:
        shop: Data, scale and a folder for the files.
        clock: Source of time.
        announce: Gets one line as each job starts and ends.
    """
    builds = {recipe.label: _build(recipe, shop, announce) for recipe in RECIPES}
    rounds = _infer(shop, clock, announce)
    return [
        Trial(
            label=recipe.label,
            size_bytes=shop.file(recipe.label).stat().st_size,
            build=builds[recipe.label],
            rounds=tuple(rounds[recipe.label]),
        )
        for recipe in RECIPES
    ]


def _build(recipe: Recipe, shop: Workshop, announce: Announce) -> str:
    announce(f"{recipe.kind} {recipe.label} ...")
    with _job(recipe, recipe.kind, f"{recipe.label}: {recipe.kind}") as run:
        recipe.make(shop)
        if seen := shop.seen(recipe.label):
            run.log(work={"samples": seen})
    announce(f"{recipe.kind} {recipe.label}: {_energy(run)}")
    return run.uid


def _infer(shop: Workshop, clock: Clock, announce: Announce) -> dict[str, list[str]]:
    """Randomised complete blocks: every variant once a round, in a new order each round.

    What drifts (heat, other users of the machine) then hits all variants alike.
    """
    engines = {recipe.label: Engine(shop.file(recipe.label), clock) for recipe in RECIPES}
    uids: dict[str, list[str]] = {recipe.label: [] for recipe in RECIPES}
    for number, order in enumerate(_orders(shop), start=1):
        for recipe in order:
            name = f"{recipe.label}: inference, round {number}"
            run = _round(recipe, engines[recipe.label], shop, name)
            uids[recipe.label].append(run.uid)
            announce(f"inference {number}/{shop.scale.rounds} {recipe.label}: {_energy(run)}")
    return uids


def _orders(shop: Workshop) -> list[Sequence[Recipe]]:
    rng = np.random.default_rng(shop.scale.seed)
    return [
        [RECIPES[index] for index in rng.permutation(len(RECIPES))]
        for _ in range(shop.scale.rounds)
    ]


def _round(recipe: Recipe, engine: Engine, shop: Workshop, name: str) -> joulebook.Run:
    digits = shop.digits
    engine.run(digits.test_x, min(WARM_UP_S, shop.scale.round_s))
    with _job(recipe, "inference", name) as run:
        passes = engine.run(digits.test_x, shop.scale.round_s)
        run.log(
            work={"samples": passes.samples},
            quality={"accuracy": accuracy(passes.logits, digits.test_y)},
        )
    return run


def _job(recipe: Recipe, kind: str, name: str) -> AbstractContextManager[joulebook.Run]:
    return joulebook.track(
        name=name,
        model=MODEL,
        variant=recipe.variant,
        kind=kind,
        project=PROJECT,
        summary=False,
    )


def _energy(run: joulebook.Run) -> str:
    if run.energy_uj is None:
        return f"{MISSING} (not measured)"
    return format_energy(run.energy_uj)
