import numpy as np
import pytest

from joulebook_demo.digits import Digits, accuracy
from joulebook_demo.distillation import Lesson, distil
from joulebook_demo.network import Network
from joulebook_demo.training import Plan

SIZES = (64, 16, 10)


@pytest.fixture(scope="module")
def student(trained: Network, data: Digits) -> Network:
    return distil(trained, data, Lesson(SIZES, Plan(epochs=30)))


def test_the_student_is_smaller_than_its_teacher(student: Network, trained: Network) -> None:
    assert student.parameters < trained.parameters / 4


def test_the_student_reads_digits(student: Network, data: Digits) -> None:
    assert accuracy(student.logits(data.test_x), data.test_y) > 0.8


def test_without_trust_in_the_teacher_its_outputs_do_not_matter(
    trained: Network, data: Digits
) -> None:
    lesson = Lesson(SIZES, Plan(epochs=1), trust=0.0)
    other = trained.copy()
    other.layers[-1].weight[:] = 0
    first, second = (distil(teacher, data, lesson) for teacher in (trained, other))
    assert np.array_equal(first.layers[0].weight, second.layers[0].weight)


def test_with_full_trust_the_student_learns_from_the_teacher_alone(
    trained: Network, data: Digits
) -> None:
    wrong = Digits(data.train_x, np.roll(data.train_y, 1), data.test_x, data.test_y)
    student = distil(trained, wrong, Lesson(SIZES, Plan(epochs=30), trust=1.0))
    assert accuracy(student.logits(data.test_x), data.test_y) > 0.8
