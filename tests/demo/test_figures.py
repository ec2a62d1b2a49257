from dataclasses import replace
from decimal import Decimal

import pytest

from joulebook.core.carbon import Factor
from joulebook_demo.experiment import Trial
from joulebook_demo.figures import Row, per_sample, row_of
from joulebook_demo.ledger import Job

TRIAL = Trial("int8", 1_140_000, "run:build", ("run:1", "run:2"))
BUILD = Job(
    "run:build",
    energy_uj=7_200_000,
    error_uj=3_600_000.0,
    coverage=1.0,
    methods={"counter": 1.0},
    emissions_g=0.25,
    seconds=2.0,
)
ROUND = Job(
    "run:1",
    energy_uj=10_000_000,
    error_uj=2_000_000.0,
    coverage=0.5,
    methods={"estimated": 1.0},
    emissions_g=0.5,
    samples=50_000,
    accuracy=0.98,
    seconds=4.0,
)


def figures(build: Job = BUILD, first: Job = ROUND, second: Job = ROUND) -> Row:
    return row_of(TRIAL, {"run:build": build, "run:1": first, "run:2": second}, None)


def grid(zone: str, intensity: str) -> Factor:
    return Factor(
        zone, zone, zone, 2023, Decimal(intensity), "gCO2e/kWh", "average", "unstated", "test"
    )


def test_joules_per_1000_inferences_are_all_energy_over_all_images() -> None:
    assert figures(second=replace(ROUND, energy_uj=30_000_000)).per_1000_j == 0.4


def test_the_uncertainty_of_the_rounds_adds_up() -> None:
    assert figures().per_1000_error_j == 0.04


def test_the_build_is_shown_in_watt_hours() -> None:
    assert figures().build_wh == 0.002


def test_samples_per_second_are_all_images_over_all_time() -> None:
    assert figures().rate == 12_500


def test_coverage_is_weighted_by_the_length_of_the_jobs() -> None:
    assert figures().coverage == pytest.approx(0.6)


def test_a_round_without_energy_leaves_a_gap_not_a_smaller_sum() -> None:
    assert figures(second=replace(ROUND, energy_uj=None)).per_1000_j is None


def test_a_round_without_coverage_leaves_a_gap() -> None:
    assert figures(second=replace(ROUND, coverage=None)).coverage is None


def test_a_build_without_energy_has_no_watt_hours() -> None:
    assert figures(build=replace(BUILD, energy_uj=None)).build_wh is None


def test_every_method_behind_a_row_is_named() -> None:
    assert figures().methods == ("counter", "estimated")


def test_the_servers_emissions_of_all_jobs_add_up() -> None:
    assert figures().emissions_g == (1.25, 1.25)


def test_without_a_factor_there_are_no_emissions() -> None:
    assert figures(second=replace(ROUND, emissions_g=None)).emissions_g is None


def test_without_a_zone_emissions_span_the_cleanest_and_the_dirtiest_grid() -> None:
    jobs = {"run:build": BUILD, "run:1": ROUND, "run:2": ROUND}
    row = row_of(TRIAL, jobs, (grid("IS", "36"), grid("ZZ", "720")))
    energy_kwh = 27.2 / 3_600_000
    assert row.emissions_g == pytest.approx((36 * energy_kwh, 720 * energy_kwh))


def test_emissions_of_a_million_inferences_leave_the_build_out() -> None:
    assert figures().per_million_g == (10, 10)


def test_a_job_without_energy_leaves_no_range() -> None:
    jobs = {"run:build": BUILD, "run:1": ROUND, "run:2": replace(ROUND, energy_uj=None)}
    assert row_of(TRIAL, jobs, (grid("IS", "36"), grid("ZZ", "720"))).emissions_g is None


def test_energy_per_inference_is_told_by_round() -> None:
    jobs = {"run:1": ROUND, "run:2": replace(ROUND, energy_uj=None)}
    assert per_sample(TRIAL, jobs) == [200, None]
