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
        span.tally.watch("gpu", window, told=energy_uj > 0)
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


def test_a_device_whose_energy_nobody_could_tell_apart_is_named() -> None:
    span = ended(KWH_UJ)
    unknown = Window("cpu", 0, 10, None, None, 7, 8, "counter", 0, 0, None, None)
    span.tally.watch("cpu", unknown, told=False)
    told = summarise(span, figures_of(span, 0), HERE, "kept here").line()
    assert "counter (gpu) · cpu: nobody can tell whose its energy was · coverage" in told


def test_a_device_that_one_window_told_apart_is_not_named() -> None:
    span = ended(KWH_UJ)
    later = Window("GPU-1", 10, 20, None, None, 7, 8, "counter", 0, 0, None, None)
    span.tally.watch("gpu", later, told=False)
    assert figures_of(span, 0).untold == ()
