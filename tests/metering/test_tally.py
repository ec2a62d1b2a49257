from hypothesis import given
from hypothesis import strategies as st

from joulebook.core.window import Window
from joulebook.metering.tally import Tally


def window(uid: str = "GPU-1", energy: int = 1_000, **changes: int | str) -> Window:
    fields = {
        "uid": uid,
        "start_us": 0,
        "end_us": 10,
        "counter_start_uj": None,
        "counter_end_uj": None,
        "energy_uj": energy,
        "observed_us": 10,
        "method": "counter",
        "err_sys_uj": energy // 10,
        "err_rand_uj": 3,
        "power_max_mw": None,
        "utilization": None,
    }
    return Window(**{**fields, **changes})  # type: ignore[arg-type] # one dict for all fields


def test_systematic_errors_of_one_sensor_type_add_up() -> None:
    tally = Tally()
    for _ in range(4):
        tally.add("gpu", window(err_rand_uj=0), 1_000)
    assert tally.error_uj == 400


def test_random_errors_add_in_quadrature() -> None:
    tally = Tally()
    for _ in range(16):
        tally.add("gpu", window(err_sys_uj=0), 1_000)
    assert tally.error_uj == 12


def test_systematic_errors_of_different_sensor_types_add_in_quadrature() -> None:
    tally = Tally()
    tally.add("gpu", window(energy=3_000, err_rand_uj=0), 3_000)
    tally.add("cpu", window(energy=4_000, err_rand_uj=0, method="estimated"), 4_000)
    assert tally.error_uj == 500


def test_the_error_follows_the_share_of_the_window() -> None:
    tally = Tally()
    tally.add("gpu", window(err_rand_uj=0), 500)
    assert tally.error_uj == 50


@given(st.dictionaries(st.sampled_from(["counter", "integrated", "estimated"]), st.integers(1)))
def test_method_shares_sum_to_one(energies: dict[str, int]) -> None:
    tally = Tally()
    for method, energy in energies.items():
        tally.add("gpu", window(energy=energy, method=method, err_rand_uj=0), energy)
    assert abs(sum(tally.method_shares().values()) - bool(energies)) < 1e-9


def test_nothing_metered_has_no_coverage_rather_than_none_of_it() -> None:
    assert Tally().coverage(10) is None


def test_coverage_is_observed_over_expected_time_of_all_devices() -> None:
    tally = Tally()
    tally.watch("gpu", window("GPU-1"), 0)
    tally.watch("gpu", window("GPU-2", observed_us=5), 0)
    assert tally.coverage(10) == 0.75
