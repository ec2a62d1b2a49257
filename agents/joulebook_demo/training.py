"""Training by Adam (Kingma and Ba 2015, arXiv 1412.6980)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from joulebook_demo.network import Matrix, Network, softmax

#: Numbers of the images in one batch.
Rows = NDArray[np.int64]
#: Gradient of the loss at the logits, from the logits and the rows of the batch.
Gradient = Callable[[Matrix, Rows], Matrix]

DECAY_MEAN = 0.9
DECAY_SQUARE = 0.999
TINY = 1e-8


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast to learn; the same plan and seed do the same work.

    Attributes:
        epochs: Passes over the training images.
        rate: Adam's step size.
        batch: Images a step.
        seed: Of the order of the images.
    """

    epochs: int
    rate: float = 1e-3
    batch: int = 64
    seed: int = 0


class Adam:
    """Adam's running means for one network, which it changes in place."""

    def __init__(self, network: Network, rate: float) -> None:
        self._rate = rate
        self._numbers = [part for layer in network.layers for part in (layer.weight, layer.bias)]
        self._means = [np.zeros_like(part) for part in self._numbers]
        self._squares = [np.zeros_like(part) for part in self._numbers]
        self._steps = 0

    def step(self, gradients: Sequence[Matrix]) -> None:
        """One step against the gradients, given as weight, bias, weight, bias, ..."""
        self._steps += 1
        debias = np.sqrt(1 - DECAY_SQUARE**self._steps) / (1 - DECAY_MEAN**self._steps)
        rate = np.float32(self._rate * debias)
        for part, mean, square, gradient in zip(
            self._numbers, self._means, self._squares, gradients, strict=True
        ):
            _approach(mean, gradient, 1 - DECAY_MEAN)
            _approach(square, gradient * gradient, 1 - DECAY_SQUARE)
            np.subtract(part, rate * mean / (np.sqrt(square) + np.float32(TINY)), out=part)


def _approach(mean: Matrix, value: Matrix, share: float) -> None:
    """Move a running mean, in place, a share of its way towards a value."""
    np.add(mean, np.float32(share) * (value - mean), out=mean)


def train(
    start: Network,
    inputs: Matrix,
    gradient: Gradient,
    plan: Plan,
    masks: Sequence[Matrix] | None = None,
) -> Network:
    """A trained copy of `start`.

    Args:
        start: Where to begin; left as it is.
        inputs: Training images, one a row.
        gradient: Gradient of the mean loss at the logits.
        plan: How long and how fast.
        masks: Per layer ones and zeros of the weight's shape: weights at zero stay zero.
    """
    network = start.copy()
    adam = Adam(network, plan.rate)
    rng = np.random.default_rng(plan.seed)
    for _ in range(plan.epochs):
        order = rng.permutation(len(inputs))
        for first in range(0, len(order), plan.batch):
            rows = order[first : first + plan.batch]
            outputs = network.activations(inputs[rows])
            adam.step(_backward(network, outputs, gradient(outputs[-1], rows)))
            _hold(network, masks)
    return network


def towards(targets: Matrix) -> Gradient:
    """Gradient of the mean cross-entropy to rows of target probabilities."""

    def gradient(logits: Matrix, rows: Rows) -> Matrix:
        return (softmax(logits) - targets[rows]) / np.float32(len(rows))

    return gradient


def _backward(network: Network, outputs: Sequence[Matrix], slope: Matrix) -> list[Matrix]:
    """Gradients of all weights and biases, by the chain rule from the last layer back."""
    gradients: list[Matrix] = []
    for index in reversed(range(len(network.layers))):
        gradients[:0] = [outputs[index].T @ slope, slope.sum(axis=0)]
        if index:
            slope = (slope @ network.layers[index].weight.T) * (outputs[index] > 0)
    return gradients


def _hold(network: Network, masks: Sequence[Matrix] | None) -> None:
    for layer, mask in zip(network.layers, masks or (), strict=False):
        layer.weight[...] *= mask
