from decimal import Decimal
from fractions import Fraction

from joulebook.core.carbon import Factor
from joulebook.core.window import Window
from joulebook.metering.figures import figures_of
from joulebook.metering.span import Labels, Span
from joulebook.tracking.summary import Carbon, summarise

FACTOR = Factor(
    factor_id="test/FR/2023",
    zone="FR",
    name="France",
    year=2023,
    intensity=Decimal(50),
    unit="gCO2e/kWh",
    kind="average",
    boundary="lifecycle",
    source="a test",
)
HERE = Carbon(FACTOR, Fraction(1))
KWH_UJ = 3_600_000_000_000


def ended(energy_uj: int | None) -> Span:
    span = Span("run:1", Labels(model="m", variant=None, kind="training"), started_us=1_000_000)
    span.ended_us = 11_000_000
    if energy_uj is not None:
        window = Window(
            "GPU-1", 0, 10, None, None, energy_uj, 8_000_000, "counter",
            energy_uj // 20, 0, None, None,
        )  # fmt: skip
        span.tally.add("gpu", window, energy_uj)
        span.tally.watch("gpu", window, 0 if energy_uj else None)
    return span


def line(energy_uj: int | None, carbon: Carbon = HERE, **simulated: frozenset[str]) -> str:
    span = ended(energy_uj)
    figures = figures_of(span, 0, **simulated)
    return summarise(span, figures, carbon, "kept here").line().replace("\u2009", " ")


def test_the_line_tells_energy_error_carbon_method_coverage_and_place() -> None:
    assert line(KWH_UJ) == (
        "joulebook: m: 1.00 kWh ±5 % · 50.0 gCO2e (FR 2023) · counter (gpu) · "
        "coverage 80 % · 10.0 s · kept here"
    )


def test_pue_multiplies_the_grams_and_is_said() -> None:
    assert "60.0 gCO2e (FR 2023, PUE 1.2)" in line(KWH_UJ, Carbon(FACTOR, Fraction("1.2")))


def test_without_a_zone_the_line_says_why_there_are_no_grams() -> None:
    assert "CO2e: no zone set" in line(KWH_UJ, Carbon(None, Fraction(1), "no zone set"))


def test_nothing_measured_is_not_zero() -> None:
    assert line(None) == "joulebook: m: not measured (kept here)"


def test_what_no_sensor_could_tell_apart_is_too_short_and_not_zero() -> None:
    assert line(0) == "joulebook: m: too short to measure (kept here)"


def test_a_simulated_device_is_called_simulated() -> None:
    assert "simulated, counter (gpu)" in line(KWH_UJ, simulated=frozenset({"GPU-1"}))


def unknown(energy_uj: int, told_uj: int = KWH_UJ) -> str:
    """The line of a run beside which a GPU used energy of which nobody knows whose it was."""
    span = ended(told_uj)
    window = Window("GPU-2", 0, 10, None, None, energy_uj, 8, "counter", 0, 0, None, None)
    span.tally.watch("gpu", window, energy_uj)
    return summarise(span, figures_of(span, 0), HERE, "kept here").line().replace("\u2009", " ")


def test_energy_of_which_nobody_could_tell_whose_it_was_is_said() -> None:
    assert "counter (gpu) · 0.500 kWh of gpu: nobody can tell whose · coverage" in unknown(
        KWH_UJ // 2
    )


def test_a_trace_of_such_energy_is_not_said() -> None:
    assert "nobody" not in unknown(KWH_UJ // 200)


def test_what_nobody_could_tell_adds_up_over_windows_and_devices() -> None:
    span = ended(KWH_UJ)
    for uid in ("GPU-2", "GPU-3"):
        window = Window(uid, 0, 10, None, None, KWH_UJ, 8, "counter", 0, 0, None, None)
        span.tally.watch("gpu", window, KWH_UJ)
    assert figures_of(span, 0).untold_uj == {"gpu": 2 * KWH_UJ}
