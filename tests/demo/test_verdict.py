import math

import pytest

from joulebook_demo.verdict import T_975, compare


def test_half_the_energy_in_every_round_saves_half() -> None:
    verdict = compare("int8", [1.0, 1.1, 0.95], "float32", [2.0, 2.2, 1.9])
    assert "saves 50 %" in verdict.line()


def test_twice_the_energy_is_said_to_save_nothing() -> None:
    verdict = compare("zeros", [2.0, 2.02, 1.99], "float32", [1.0, 1.0, 1.0])
    assert "saves nothing, it takes 2.00 x" in verdict.line()


def test_an_interval_around_one_claims_no_saving() -> None:
    verdict = compare("zeros", [0.9, 1.1, 1.0], "float32", [1.0, 1.0, 1.0])
    assert "no saving shown" in verdict.line()


def test_a_drift_that_hits_both_alike_cancels() -> None:
    drift = [1.0, 3.0, 7.0]
    verdict = compare("int8", [0.5 * step for step in drift], "float32", drift)
    assert [verdict.low, verdict.high] == pytest.approx([0.5, 0.5])


def test_a_gain_error_of_the_sensor_changes_no_ratio() -> None:
    energies, base = [1.0, 1.2, 1.1], [2.0, 2.1, 2.3]
    plain = compare("int8", energies, "float32", base)
    off = compare("int8", [1.6 * e for e in energies], "float32", [1.6 * e for e in base])
    assert off.high == pytest.approx(plain.high)


def test_the_interval_is_students_over_the_rounds() -> None:
    verdict = compare("a", [math.exp(-0.1), 1.0, math.exp(0.1)], "b", [1.0, 1.0, 1.0])
    assert verdict.high == pytest.approx(math.exp(4.303 * 0.1 / math.sqrt(3)))


def test_a_round_without_energy_leaves_no_verdict() -> None:
    verdict = compare("int8", [1.0, None, 1.0], "float32", [2.0, 2.0, 2.0])
    assert "not compared" in verdict.line()


def test_one_round_gives_a_ratio_without_an_interval() -> None:
    verdict = compare("int8", [1.0], "float32", [2.0])
    assert verdict.ratio == pytest.approx(0.5)
    assert "too few rounds" in verdict.line()


def test_the_quantiles_fall_towards_the_normal_ones() -> None:
    quantiles = [T_975[freedom] for freedom in sorted(T_975)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert quantiles[-1] > 1.96
