import numpy as np

from joulebook_demo.digits import CLASSES, Digits, accuracy, load
from joulebook_demo.inference import BATCH


def test_no_image_is_lost_in_the_split(data: Digits) -> None:
    assert len(data.train_x) + len(data.test_x) == 1797


def test_every_pass_has_whole_batches_only(data: Digits) -> None:
    assert len(data.test_x) % BATCH == 0


def test_pixels_lie_between_zero_and_one(data: Digits) -> None:
    assert (data.train_x.min(), data.train_x.max()) == (0, 1)


def test_every_class_is_tested(data: Digits) -> None:
    assert set(data.test_y.tolist()) == set(range(CLASSES))


def test_one_seed_gives_one_split(data: Digits) -> None:
    assert np.array_equal(load(7).test_x, data.test_x)
    assert not np.array_equal(load(8).test_x, data.test_x)


def test_accuracy_is_the_share_of_right_rows() -> None:
    logits = np.eye(4, dtype=np.float32)
    assert accuracy(logits, np.array([0, 1, 2, 0])) == 0.75
