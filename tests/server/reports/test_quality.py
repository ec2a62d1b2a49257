"""Method, coverage and uncertainty of every figure."""

import pytest
from tests.server.reports.fleet import Fleet, Serve, Window, a_job, at

SECOND_US = 1_000_000
KEYS = ["", "job", "model", "host", "device", "component", "bucket", "zone", "hour", "day"]


@pytest.fixture
def start() -> int:
    return at("2026-03-01T00:00:00Z")


@pytest.mark.parametrize("group_by", KEYS)
def test_shares_of_methods_sum_to_one(mixed: Fleet, group_by: str) -> None:
    report = mixed.report(group_by=group_by)
    for figures in (report["totals"], *report["rows"]):
        assert sum(figures["methods"].values()) == pytest.approx(1)


@pytest.mark.parametrize("group_by", KEYS)
def test_coverage_lies_between_0_and_1_or_is_not_known(mixed: Fleet, group_by: str) -> None:
    report = mixed.report(group_by=group_by)
    for figures in (report["totals"], *report["rows"]):
        assert figures["coverage"] is None or 0 <= figures["coverage"] <= 1


def test_a_share_is_by_energy(serve: Serve, start: int) -> None:
    fleet = serve()
    fleet.push(
        [
            Window(start, {("idle", ""): 300}),
            Window(start, {("idle", ""): 100}, device="cpu:0", method="estimated"),
        ]
    )
    assert fleet.report()["totals"]["methods"] == {"counter": 0.75, "estimated": 0.25}


@pytest.mark.parametrize("group_by", ["", "job", "model", "host", "device", "zone", "hour"])
def test_a_job_that_was_watched_throughout_is_covered(
    serve: Serve, start: int, group_by: str
) -> None:
    fleet = serve(zone="FR")
    windows = [Window(start + second * SECOND_US, {("job", "run:1"): 5}) for second in (0, 10)]
    fleet.push(windows, [a_job("run:1", start, 20, model="m")])
    report = fleet.report(group_by=group_by)
    assert [row["coverage"] for row in report["rows"]] == [1.0]
    assert report["totals"]["coverage"] == 1.0


@pytest.mark.parametrize("group_by", ["", "job", "model", "host", "device", "hour"])
def test_a_gap_in_the_middle_of_a_job_shows(serve: Serve, start: int, group_by: str) -> None:
    fleet = serve()
    windows = [Window(start + second * SECOND_US, {("job", "run:1"): 5}) for second in (0, 30)]
    fleet.push(windows, [a_job("run:1", start, 40, model="m")])
    assert [row["coverage"] for row in fleet.report(group_by=group_by)["rows"]] == [0.5]


def test_a_gap_within_a_window_shows(serve: Serve, start: int) -> None:
    fleet = serve()
    fleet.push(
        [Window(start, {("job", "run:1"): 5}, observed_us=4 * SECOND_US)],
        [a_job("run:1", start, 10)],
    )
    assert fleet.report()["totals"]["coverage"] == pytest.approx(0.4)


def test_a_gap_of_an_idle_device_shows(serve: Serve, start: int) -> None:
    fleet = serve()
    fleet.push([Window(start + second * SECOND_US, {("idle", ""): 5}) for second in (0, 90)])
    assert fleet.report()["totals"]["coverage"] == pytest.approx(0.2)


def test_a_filter_by_host_leaves_the_gaps_of_others_out(serve: Serve, start: int) -> None:
    fleet = serve()
    fleet.push([Window(start, {("idle", ""): 5})], host="whole")
    fleet.push(
        [Window(start + second * SECOND_US, {("idle", ""): 5}) for second in (0, 90)], host="gappy"
    )
    assert fleet.report(filter="host:whole")["totals"]["coverage"] == 1.0
    assert fleet.report(filter="host:gappy")["totals"]["coverage"] == pytest.approx(0.2)


def test_a_job_cut_by_the_period_is_expected_only_within_it(serve: Serve, start: int) -> None:
    fleet, quarter = serve(), 900 * SECOND_US
    windows = [
        Window(start + index * quarter, {("job", "run:1"): 5}, length_us=quarter)
        for index in range(2)
    ]
    fleet.push(windows, [a_job("run:1", start, 4 * 900)])
    assert fleet.report()["totals"]["coverage"] == 0.5
    assert fleet.report(end="2026-03-01T00:30:00Z")["totals"]["coverage"] == 1.0


def kilowatt_hours(joules: float) -> float:
    return joules / 3_600_000


def test_systematic_errors_of_one_sensor_type_add_linearly(serve: Serve, start: int) -> None:
    fleet = serve()
    fleet.push(
        [
            Window(start, {("idle", ""): 100_000_000}, err_sys_uj=3_000_000),
            Window(start, {("idle", ""): 100_000_000}, device="gpu:1", err_sys_uj=4_000_000),
        ]
    )
    uncertainty = fleet.report()["totals"]["uncertainty_kwh"]
    assert uncertainty == pytest.approx(kilowatt_hours(7))


def test_systematic_errors_of_different_sensor_types_add_in_quadrature(
    serve: Serve, start: int
) -> None:
    fleet = serve()
    fleet.push(
        [
            Window(start, {("idle", ""): 100_000_000}, err_sys_uj=3_000_000),
            Window(start, {("idle", ""): 100_000_000}, device="cpu:0", err_sys_uj=4_000_000),
        ]
    )
    uncertainty = fleet.report()["totals"]["uncertainty_kwh"]
    assert uncertainty == pytest.approx(kilowatt_hours(5))


@pytest.mark.parametrize("group_by", ["", "component", "device"])
def test_random_errors_add_in_quadrature(serve: Serve, start: int, group_by: str) -> None:
    fleet = serve()
    fleet.push(
        [
            Window(start + index * 10 * SECOND_US, {("idle", ""): 100_000_000}, err_rand_uj=error)
            for index, error in enumerate((3_000_000, 4_000_000))
        ]
    )
    uncertainty = fleet.report(group_by=group_by)["totals"]["uncertainty_kwh"]
    assert uncertainty == pytest.approx(kilowatt_hours(5))


def test_squares_of_large_errors_are_summed_exactly(serve: Serve, start: int) -> None:
    fleet, error = serve(), 2**52 + 2**26 - 1  # its square has 105 bits
    quarter = 900 * SECOND_US
    fleet.push(
        [
            Window(start + index * quarter, {("idle", ""): 2**53 - 1}, err_rand_uj=error)
            for index in range(4)
        ]
    )
    uncertainty = fleet.report()["totals"]["uncertainty_kwh"]
    assert uncertainty == pytest.approx(2 * error / 3_600_000_000_000, rel=1e-15)
