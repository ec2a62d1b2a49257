"""Unstructured pruning: single weights become zero, but the dense tensor keeps its size.

It is here to be measured: zeros in a dense tensor are multiplied like any other number.
"""

from collections.abc import Sequence

import numpy as np

from joulebook_demo.digits import Digits, one_hot
from joulebook_demo.network import Layer, Matrix, Network
from joulebook_demo.pruning import Strategy, threshold
from joulebook_demo.training import towards, train


def zero_weights(network: Network, digits: Digits, strategy: Strategy) -> Network:
    """The same five steps, but weight by weight: the smallest are set to zero and stay zero."""
    masks = [_mask(layer, strategy.keep) for layer in network.layers]
    targets = towards(one_hot(digits.train_y))
    return train(_masked(network, masks), digits.train_x, targets, strategy.plan, masks)


def _mask(layer: Layer, keep: float) -> Matrix:
    size = np.abs(layer.weight)
    return (size >= threshold(size, keep)).astype(np.float32)


def _masked(network: Network, masks: Sequence[Matrix]) -> Network:
    pairs = zip(network.layers, masks, strict=True)
    return Network(tuple(Layer(layer.weight * mask, layer.bias) for layer, mask in pairs))
