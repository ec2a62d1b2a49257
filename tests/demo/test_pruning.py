import numpy as np
import pytest

from joulebook_demo.digits import Digits, accuracy
from joulebook_demo.network import Layer, Network
from joulebook_demo.pruning import Strategy, importance, prune, remove, threshold
from joulebook_demo.training import Plan
from joulebook_demo.zeroing import zero_weights


@pytest.fixture
def three_neurons() -> Network:
    """A hidden layer whose neurons matter 4, 1 and 6."""
    entering = np.array([[2, 1, 3]], dtype=np.float32)
    leaving = np.array([[2], [1], [2]], dtype=np.float32)
    return Network(
        (
            Layer(entering, np.array([10, 20, 30], dtype=np.float32)),
            Layer(leaving, np.zeros(1, dtype=np.float32)),
        )
    )


@pytest.fixture(scope="module")
def pruned(trained: Network, data: Digits) -> Network:
    return prune(trained, data, Strategy(keep=0.25, plan=Plan(epochs=20)))


@pytest.fixture(scope="module")
def zeroed(trained: Network, data: Digits) -> Network:
    return zero_weights(trained, data, Strategy(keep=0.25, plan=Plan(epochs=5)))


def test_importance_is_what_enters_times_what_leaves(three_neurons: Network) -> None:
    assert importance(three_neurons, 0) == pytest.approx([4, 1, 6])


def test_the_threshold_is_the_score_of_the_last_unit_that_stays() -> None:
    assert threshold(np.array([4, 1, 6, 2], dtype=np.float32), keep=0.5) == 4


def test_the_threshold_always_leaves_the_best_unit() -> None:
    assert threshold(np.array([4, 1, 6], dtype=np.float32), keep=0.01) == 6


def test_the_most_important_neurons_stay(three_neurons: Network) -> None:
    assert remove(three_neurons, 0, at_least=4).layers[0].bias.tolist() == [10, 30]


def test_a_removed_neuron_leaves_both_matrices_around_it(three_neurons: Network) -> None:
    layers = remove(three_neurons, 0, at_least=6).layers
    assert (layers[0].weight.tolist(), layers[1].weight.tolist()) == ([[3]], [[2]])


def test_removing_nothing_changes_no_output(trained: Network, data: Digits) -> None:
    same = remove(trained, 0, at_least=0)
    assert np.array_equal(same.logits(data.test_x), trained.logits(data.test_x))


def test_a_neuron_with_no_way_out_is_removed_without_a_change(data: Digits) -> None:
    rng = np.random.default_rng(1)
    leaving = rng.standard_normal((6, 10), dtype=np.float32)
    leaving[2] = 0
    entering = rng.standard_normal((64, 6), dtype=np.float32)
    network = Network(
        (
            Layer(entering, np.ones(6, dtype=np.float32)),
            Layer(leaving, np.zeros(10, dtype=np.float32)),
        )
    )
    smaller = remove(network, 0, at_least=1e-6)
    assert smaller.sizes == (64, 5, 10)
    assert np.allclose(smaller.logits(data.test_x), network.logits(data.test_x), atol=1e-4)


def test_every_hidden_layer_shrinks_to_the_share_that_is_kept(pruned: Network) -> None:
    assert pruned.sizes == (64, 16, 12, 10)


def test_the_pruned_network_still_reads_digits(pruned: Network, data: Digits) -> None:
    assert accuracy(pruned.logits(data.test_x), data.test_y) > 0.8


def test_zeroed_weights_are_still_zero_after_retraining(zeroed: Network) -> None:
    weights = np.concatenate([layer.weight.ravel() for layer in zeroed.layers])
    assert np.mean(weights == 0) == pytest.approx(0.75, abs=0.01)


def test_zeroing_shrinks_no_matrix(zeroed: Network, trained: Network) -> None:
    assert zeroed.sizes == trained.sizes


def test_the_zeroed_network_still_reads_digits(zeroed: Network, data: Digits) -> None:
    assert accuracy(zeroed.logits(data.test_x), data.test_y) > 0.8


@pytest.mark.parametrize("keep", [0, -0.1, 1.1, float("nan")])
def test_a_share_that_keeps_nothing_or_too_much_is_refused(keep: float) -> None:
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        Strategy(keep=keep, plan=Plan(epochs=1))
