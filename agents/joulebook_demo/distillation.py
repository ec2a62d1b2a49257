"""Distillation: a small student learns from the soft outputs of its teacher.

Source: Hinton, Vinyals and Dean 2015, arXiv 1503.02531.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from joulebook_demo.digits import Digits, one_hot
from joulebook_demo.network import Matrix, Network, fresh, softmax
from joulebook_demo.training import Gradient, Plan, Rows, towards, train


@dataclass(frozen=True, slots=True)
class Lesson:
    """How the student learns.

    Attributes:
        sizes: Widths of the student, input and output included.
        plan: How long and how fast.
        temperature: Divides the logits, so that small probabilities can be seen.
        trust: Weight of the teacher's outputs against the labels, 0 to 1.
    """

    sizes: Sequence[int]
    plan: Plan
    temperature: float = 3.0
    trust: float = 0.7


def distil(teacher: Network, digits: Digits, lesson: Lesson) -> Network:
    """A student trained on the teacher's outputs and the labels."""
    student = fresh(lesson.sizes, lesson.plan.seed)
    return train(student, digits.train_x, _gradient(teacher, digits, lesson), lesson.plan)


def _gradient(teacher: Network, digits: Digits, lesson: Lesson) -> Gradient:
    """Both losses mixed; the soft one times T squared, as its gradient shrinks by that."""
    heat = np.float32(lesson.temperature)
    soft = towards(softmax(teacher.logits(digits.train_x) / heat))
    hard = towards(one_hot(digits.train_y))
    trust = np.float32(lesson.trust)

    def gradient(logits: Matrix, rows: Rows) -> Matrix:
        # d/dlogits of T^2 * loss(logits / T) is T * slope.
        return trust * heat * soft(logits / heat, rows) + (1 - trust) * hard(logits, rows)

    return gradient
