"""A multi-layer perceptron: matrices, biases, ReLU between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Layer:
    """One affine map.

    Attributes:
        weight: Shape (inputs, outputs).
        bias: Shape (outputs,).
    """

    weight: Matrix
    bias: Matrix


@dataclass(frozen=True, slots=True)
class Network:
    """Layers with a ReLU after each but the last.

    Attributes:
        layers: From the pixels to the logits.
    """

    layers: tuple[Layer, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Width of the input and of every layer."""
        widths = [layer.weight.shape[1] for layer in self.layers]
        return (self.layers[0].weight.shape[0], *widths)

    @property
    def parameters(self) -> int:
        """How many numbers it holds."""
        return sum(layer.weight.size + layer.bias.size for layer in self.layers)

    def copy(self) -> "Network":
        """The same numbers in memory of its own."""
        return Network(tuple(Layer(one.weight.copy(), one.bias.copy()) for one in self.layers))

    def activations(self, inputs: Matrix) -> list[Matrix]:
        """The input and the output of every layer; the last entry holds the logits."""
        outputs = [inputs]
        last = len(self.layers) - 1
        for index, layer in enumerate(self.layers):
            reached = outputs[-1] @ layer.weight + layer.bias
            outputs.append(reached if index == last else np.maximum(reached, 0))
        return outputs

    def logits(self, inputs: Matrix) -> Matrix:
        """What the last layer says, shape (rows, classes)."""
        return self.activations(inputs)[-1]


def fresh(sizes: Sequence[int], seed: int) -> Network:
    """Random weights, scaled for ReLU (He et al. 2015, arXiv 1502.01852)."""
    rng = np.random.default_rng(seed)
    layers = []
    for inputs, outputs in pairwise(sizes):
        spread = np.float32(np.sqrt(2 / inputs))
        weight = rng.standard_normal((inputs, outputs), dtype=np.float32) * spread
        layers.append(Layer(weight, np.zeros(outputs, dtype=np.float32)))
    return Network(tuple(layers))


def softmax(logits: Matrix) -> Matrix:
    """Rows of probabilities; shifted first, so that no exponential overflows."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Matrix = powers / powers.sum(axis=1, keepdims=True)
    return shares
