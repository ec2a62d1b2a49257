"""Structured pruning in its five classic steps: whole neurons go, so the matrices shrink.

The criterion is a weight norm (Li et al. 2017, arXiv 1608.08710), here of what enters a
neuron times what leaves it.
"""

from dataclasses import dataclass

import numpy as np

from joulebook_demo.digits import Digits, one_hot
from joulebook_demo.network import Layer, Matrix, Network
from joulebook_demo.training import Plan, towards, train


@dataclass(frozen=True, slots=True)
class Strategy:
    """Step 1: what is removed, and how much of it.

    Attributes:
        keep: Share of the units that stay, above 0 and at most 1.
        plan: How the rest is retrained.
    """

    keep: float
    plan: Plan

    def __post_init__(self) -> None:
        """Refuse to keep nothing, or more than there is."""
        if not 0 < self.keep <= 1:
            raise ValueError(f"the share to keep must be above 0 and at most 1, not {self.keep}")


def importance(network: Network, hidden: int) -> Matrix:
    """Step 2: one score per neuron of a hidden layer; a higher one matters more."""
    entering = np.linalg.norm(network.layers[hidden].weight, axis=0)
    leaving = np.linalg.norm(network.layers[hidden + 1].weight, axis=1)
    scores: Matrix = (entering * leaving).astype(np.float32)
    return scores


def threshold(scores: Matrix, keep: float) -> float:
    """Step 3: the score that a unit must reach to stay."""
    ranked = np.sort(scores, axis=None)[::-1]
    return float(ranked[max(1, round(keep * ranked.size)) - 1])


def remove(network: Network, hidden: int, at_least: float) -> Network:
    """Step 4: a smaller network, without the neurons whose score is below the threshold."""
    stays = importance(network, hidden) >= at_least
    layers = list(network.layers)
    before, after = layers[hidden], layers[hidden + 1]
    layers[hidden] = Layer(before.weight[:, stays].copy(), before.bias[stays].copy())
    layers[hidden + 1] = Layer(after.weight[stays].copy(), after.bias.copy())
    return Network(tuple(layers))


def retrain(network: Network, digits: Digits, plan: Plan) -> Network:
    """Step 5: what is left learns to do without what is gone."""
    return train(network, digits.train_x, towards(one_hot(digits.train_y)), plan)


def prune(network: Network, digits: Digits, strategy: Strategy) -> Network:
    """All five steps, over every hidden layer."""
    for hidden in range(len(network.layers) - 1):
        at_least = threshold(importance(network, hidden), strategy.keep)
        network = remove(network, hidden, at_least)
    return retrain(network, digits, strategy.plan)
