import numpy as np
import pytest

from joulebook_demo.digits import CLASSES, PIXELS, Digits, accuracy, one_hot
from joulebook_demo.network import Layer, Matrix, Network, fresh, softmax
from joulebook_demo.training import Plan, _backward, towards, train


def loss(network: Network, inputs: Matrix, targets: Matrix) -> float:
    chances = softmax(network.logits(inputs))
    return float(-np.mean(np.sum(targets * np.log(chances), axis=1)))


def nudged(network: Network, layer: int, place: tuple[int, int], step: float) -> Network:
    layers = list(network.copy().layers)
    layers[layer].weight[place] += np.float32(step)
    return Network(tuple(layers))


def test_the_trained_network_is_far_above_chance(trained: Network, data: Digits) -> None:
    assert accuracy(trained.logits(data.test_x), data.test_y) > 0.9


def test_the_same_plan_and_seed_give_the_same_network(data: Digits) -> None:
    start = fresh((PIXELS, 8, CLASSES), 3)
    targets = towards(one_hot(data.train_y))
    first, second = (train(start, data.train_x, targets, Plan(epochs=1)) for _ in range(2))
    assert np.array_equal(first.layers[0].weight, second.layers[0].weight)


def test_training_leaves_the_network_it_starts_from_as_it_was(data: Digits) -> None:
    start = fresh((PIXELS, 8, CLASSES), 3)
    before = start.layers[0].weight.copy()
    train(start, data.train_x, towards(one_hot(data.train_y)), Plan(epochs=1))
    assert np.array_equal(start.layers[0].weight, before)


@pytest.mark.parametrize(("layer", "place"), [(0, (20, 3)), (1, (4, 2)), (2, (5, 9))])
def test_the_gradient_is_the_slope_of_the_loss(
    data: Digits, layer: int, place: tuple[int, int]
) -> None:
    network = fresh((PIXELS, 12, 8, CLASSES), 5)
    inputs, targets = data.train_x[:40], one_hot(data.train_y[:40])
    outputs = network.activations(inputs)
    slopes = _backward(network, outputs, towards(targets)(outputs[-1], np.arange(40)))
    step = 1e-2
    ends = [loss(nudged(network, layer, place, sign * step), inputs, targets) for sign in (1, -1)]
    measured = (ends[0] - ends[1]) / (2 * step)
    assert slopes[2 * layer][place] == pytest.approx(measured, rel=0.05, abs=1e-3)


def test_softmax_rows_sum_to_one_even_for_huge_logits() -> None:
    shares = softmax(np.array([[1e4, 0, -1e4], [3, 3, 3]], dtype=np.float32))
    assert shares.sum(axis=1) == pytest.approx([1, 1])


def test_masked_weights_stay_zero_while_the_rest_learns(data: Digits) -> None:
    start = fresh((PIXELS, 8, CLASSES), 3)
    masks = [np.zeros_like(layer.weight) for layer in start.layers]
    masks[1][:] = 1
    network = train(start, data.train_x, towards(one_hot(data.train_y)), Plan(epochs=1), masks)
    assert not network.layers[0].weight.any()
    assert network.layers[1].weight.any()


def test_a_network_knows_its_sizes_and_parameters() -> None:
    network = Network((Layer(np.zeros((3, 2), np.float32), np.zeros(2, np.float32)),))
    assert (network.sizes, network.parameters) == ((3, 2), 8)
