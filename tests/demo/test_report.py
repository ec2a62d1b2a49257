from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from joulebook.core.carbon import Factor
from joulebook_demo import display
from joulebook_demo.experiment import Trial
from joulebook_demo.figures import Row
from joulebook_demo.ledger import Answers, Job
from joulebook_demo.report import Report, report_of

ROW = Row(
    label="pruned-unstructured",
    size_bytes=4_530_000,
    accuracy=0.978,
    rate=36_586.8,
    per_1000_j=0.0946,
    per_1000_error_j=0.0568,
    build_wh=0.00962,
    build_s=8.5,
    methods=("estimated",),
    coverage=0.999,
    emissions_g=(0.004, 0.2),
    per_million_g=(0.000231, 0.0114),
)
FACTOR = {
    "id": "x/FR/2023",
    "zone": "FR",
    "name": "France",
    "year": 2023,
    "intensity_g_per_kwh": 56.0,
    "source": "Ember",
}


def grid(name: str, intensity: str) -> Factor:
    return Factor(
        name, name, name, 2023, Decimal(intensity), "gCO2e/kWh", "average", "unstated", "test"
    )


def answers(energies: dict[str, int | None], grams: float | None = None) -> Answers:
    jobs = {
        uid: Job(uid, energy_uj=energy, emissions_g=grams, samples=1000, coverage=1.0, seconds=3.0)
        for uid, energy in energies.items()
    }
    return Answers(jobs, factors=[FACTOR] if grams else [], covers=["CPU package"])


def trials(labels: Sequence[str]) -> list[Trial]:
    return [Trial(name, 1000, f"{name}/b", (f"{name}/1", f"{name}/2")) for name in labels]


def report(grams: float | None = None, zone: str | None = None) -> Report:
    energies: dict[str, int | None] = {
        f"{name}/{part}": energy + int(part == "2")
        for name, energy in (("float32", 2000), ("int8", 1000))
        for part in "b12"
    }
    extremes = (grid("Cleanland", "20"), grid("Coaland", "900"))
    return report_of(trials(["float32", "int8"]), answers(energies, grams), zone, extremes)


def test_the_widest_row_fits_a_hundred_columns() -> None:
    lines = Report([ROW], [], "", Answers({})).text(100).split("\n")
    assert max(len(line) for line in lines) <= 100
    assert any("variant" in line and "/million" in line for line in lines)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_every_line_fits_a_narrow_terminal(width: int) -> None:
    shown = Report([ROW], [], "", Answers({})).text(width)
    assert max(len(line) for line in shown.split("\n")) <= width


def test_energy_is_shown_with_its_uncertainty() -> None:
    assert "0.095 \u00b160 %" in display.cells(ROW, "mg")


def test_a_sure_energy_is_shown_with_three_digits() -> None:
    assert "0.0946 \u00b12 %" in display.cells(replace(ROW, per_1000_error_j=0.0019), "mg")


def test_a_range_of_emissions_shows_both_ends() -> None:
    assert display.cells(ROW, "mg")[-1] == "0.23\u201311"


def test_emissions_of_a_known_zone_are_one_figure() -> None:
    assert display.cells(replace(ROW, per_million_g=(0.5, 0.5)), "g")[-1] == "0.500"


@pytest.mark.parametrize(
    ("grams", "unit"), [(2000.0, "kg"), (3.0, "g"), (0.02, "mg"), (1e-9, "\u00b5g")]
)
def test_the_unit_of_mass_follows_the_largest_figure(grams: float, unit: str) -> None:
    rows = [replace(ROW, per_million_g=(0.0, grams)), replace(ROW, per_million_g=(0.0, 0.0))]
    assert display.mass_unit(rows) == unit


def test_what_is_not_known_is_a_dash_with_a_footnote() -> None:
    empty = replace(ROW, per_1000_j=None, build_wh=None, coverage=None, methods=())
    assert display.cells(empty, "mg").count(display.DASH) == 4
    assert sum(note.startswith(display.DASH) for note in display.footnotes([empty])) == 3


def test_nothing_is_explained_that_is_not_there() -> None:
    counted = replace(ROW, methods=("counter",))
    assert len(display.footnotes([counted])) == 1


def test_a_build_too_short_for_the_sensor_is_pointed_out() -> None:
    quick = replace(ROW, label="int8", build_s=0.02)
    assert any("train Wh of int8: a job of less" in note for note in display.footnotes([quick]))


def test_methods_that_differ_are_named_below() -> None:
    mixed = replace(ROW, methods=("counter", "integrated"))
    assert display.MIXED in display.cells(mixed, "mg")
    assert any("counter, integrated" in note for note in display.footnotes([mixed]))


def test_without_a_zone_the_range_names_its_two_grids() -> None:
    text = report().carbon
    assert "Cleanland 2023 at 20.0 g/kWh" in text
    assert "Coaland 2023 at 900 g/kWh" in text


def test_with_a_zone_the_factor_is_named_with_year_and_source() -> None:
    assert "France 2023 at 56.0 g/kWh, Ember" in report(grams=0.1, zone="FR").carbon


def test_a_zone_without_a_factor_gives_no_figure_and_says_so() -> None:
    shown = report(zone="FR")
    assert shown.rows[0].per_million_g is None
    assert "no emission factor for FR" in shown.carbon


def test_every_variant_but_the_baseline_gets_a_verdict() -> None:
    assert [verdict.label for verdict in report().verdicts] == ["int8"]


def test_the_text_says_what_is_covered() -> None:
    assert "covers: CPU package." in report().text(100)


def test_programs_get_the_jobs_behind_each_row() -> None:
    given = report().json(trials(["float32", "int8"]))
    assert given["trials"][1]["rounds"] == ("int8/1", "int8/2")
