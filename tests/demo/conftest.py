"""A small network that has learned the digits, shared by the tests of the demo."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits

from joulebook_demo import digits
from joulebook_demo.network import Network, fresh
from joulebook_demo.training import Plan, towards, train

SEED = 7


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(limits=1):
        yield


@pytest.fixture(scope="session")
def data() -> digits.Digits:
    return digits.load(SEED)


@pytest.fixture(scope="session")
def trained(data: digits.Digits) -> Network:
    start = fresh((digits.PIXELS, 64, 48, digits.CLASSES), SEED)
    targets = towards(digits.one_hot(data.train_y))
    return train(start, data.train_x, targets, Plan(epochs=12, seed=SEED))
