"""Windows from power samples against the energy that really passed, on 200 traces of each kind.

How wide the stated uncertainty is: its mean over the traces, beside the error that 95 % of them
stay below. And a third of each must not be enough to cover 95 %.
"""

from collections.abc import Mapping

import pytest
from tests.accuracy.figures import Figures, figures, table
from tests.accuracy.measuring import TRACES, Outcome, measured, seeded
from tests.accuracy.simulated import POWER, Power
from tests.accuracy.traces import KINDS

from joulebook.core.units import US_PER_S

SEED = 17
LENGTHS_S = (1, 2, 5, 10)

#: Sensor, kind of trace, length of the window in s.
Class = tuple[str, str, int]
Classes = Mapping[Class, Figures]


@pytest.fixture(scope="module")
def classes() -> Classes:
    found: dict[Class, list[Outcome]] = {}
    lengths_us = [length_s * US_PER_S for length_s in LENGTHS_S]
    for name, sensor in POWER.items():
        for kind in KINDS:
            for number in range(TRACES):
                _, _, outcomes = measured(seeded(SEED, kind, number), kind, sensor, lengths_us)
                for length_s, outcome in zip(LENGTHS_S, outcomes, strict=True):
                    found.setdefault((name, kind, length_s), []).append(outcome)
    rows = {key: figures(outcomes) for key, outcomes in found.items()}
    print(table(SEED, rows))  # noqa: T201 - pytest shows it where a test fails, and with -s
    return rows


def test_every_class_is_judged_over_200_traces(classes: Classes) -> None:
    assert (TRACES, len(classes)) == (200, len(POWER) * len(KINDS) * len(LENGTHS_S))


def test_the_stated_uncertainty_covers_the_truth_in_95_percent_of_the_traces(
    classes: Classes,
) -> None:
    failing = {key: found for key, found in classes.items() if found.coverage < 0.95}
    assert not failing, table(SEED, failing)


def test_the_stated_uncertainty_is_not_wider_than_three_times_the_error_really_seen(
    classes: Classes,
) -> None:
    failing = {key: found for key, found in classes.items() if found.width > 3}
    assert not failing, table(SEED, failing)


def test_a_third_of_each_stated_uncertainty_would_not_cover_the_truth_in_95_percent(
    classes: Classes,
) -> None:
    failing = {key: found for key, found in classes.items() if found.needed < 1 / 3}
    assert not failing, table(SEED, failing)


@pytest.mark.parametrize("kind", ["steps", "ramps", "idle"])
def test_a_minute_of_instant_power_at_10_hz_is_right_within_1_percent(kind: str) -> None:
    for one in minutes(kind, POWER["instant"]):
        assert 100 * one.off_nj <= one.true_nj, SEED


@pytest.mark.parametrize("kind", ["steps", "bursts"])
def test_a_minute_of_means_over_1_s_is_as_sure_as_it_says(kind: str) -> None:
    found = figures(minutes(kind, POWER["1 s mean"]))
    assert found.coverage >= 0.95, SEED
    assert found.width <= 3, SEED


def minutes(kind: str, sensor: Power) -> list[Outcome]:
    length_us = [60 * US_PER_S]
    runs = (
        measured(seeded(SEED, kind, number), kind, sensor, length_us) for number in range(TRACES)
    )
    return [minute for _, _, (minute,) in runs]


def test_a_mean_over_the_last_second_is_put_right_and_not_merely_stated_to_be_late(
    classes: Classes,
) -> None:
    # Held as it comes, half a second late, it is wrong by more than 50 % in a tenth of the windows.
    assert classes["1 s mean", "steps", 1].p95 < 0.25
    assert classes["1 s mean", "steps", 10].p95 < 0.03
