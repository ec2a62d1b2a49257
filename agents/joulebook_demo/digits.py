"""The data: 1,797 handwritten digits that ship inside scikit-learn.

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CLASSES = 10
PIXELS = 64
#: A whole number of batches, so that every pass does the same work.
TEST_SIZE = 512
#: Pixels are counts from 0 to 16.
BRIGHTEST = 16

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Digits:
    """Images (rows of 64 pixels, 0 to 1) and their labels, split once.

    Attributes:
        train_x: Images to learn from.
        train_y: Their labels.
        test_x: Images that no training sees.
        test_y: Their labels.
    """

    train_x: Matrix
    train_y: Labels
    test_x: Matrix
    test_y: Labels


def load(seed: int) -> Digits:
    """The digits, with the same share of every class in both parts."""
    images, labels = load_digits(return_X_y=True)
    pixels = (images / BRIGHTEST).astype(np.float32)
    train_x, test_x, train_y, test_y = train_test_split(
        pixels,
        labels.astype(np.int64),
        test_size=TEST_SIZE,
        stratify=labels,
        random_state=seed,
    )
    return Digits(train_x=train_x, train_y=train_y, test_x=test_x, test_y=test_y)


def one_hot(labels: Labels) -> Matrix:
    """Labels as rows with a single 1."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


def accuracy(logits: Matrix, labels: Labels) -> float:
    """Share of rows whose largest logit is the label's."""
    return float(np.mean(np.argmax(logits, axis=1) == labels))
