"""The importer, run on a small package in the form of the real one."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "import_factors.py"
pytestmark = pytest.mark.skipif(
    not SCRIPT.is_file(), reason="scripts/import_factors.py is not here: no checkout"
)

MIX = dict.fromkeys(
    ("coal", "petroleum", "naturalGas", "hydro", "nuclear", "solar", "wind", "biomass", "other"), 0
)
BY_FUEL = {
    "coal": 1000,
    "petroleum": 800,
    "natural_gas": 700,
    "hydroelectricity": 20,
    "nuclear": 30,
    "solar": 50,
    "wind": 20,
    "biomass": 200,
}
FILES: dict[str, Any] = {
    "global_energy_mix.json": {
        "FRA": {"country_name": "France", "year": 2023, "carbon_intensity": 56.1},
        "CAF": {"country_name": "Central African Republic", "year": 2022, "carbon_intensity": 0},
        "TCD": {"country_name": "Chad", "year": 2022, "carbon_intensity": None},
        "TGO": {"country_name": "Togo", "year": 2022, "carbon_intensity": -1},
        "TON": {"country_name": "Tonga", "year": 2022},
    },
    "2023/usa_emissions.json": {
        "_source": {"name": "eGRID", "year": 2023},
        "new york": {"emissions": 500.25, "regionCode": "NY"},
        "usa": {"emissions": 770, "regionCode": "usa"},
    },
    "2023/canada_energy_mix.json": {
        "quebec": {**MIX, "hydro": 75, "coal": 24.5, "total": 99.5},
        "ontario": {**MIX, "nuclear": 90, "other": 10, "total": 100},
    },
    "2023/china_provincial_emissions.json": {
        "data": {"CN-BJ": {"emission_factor": 555.4, "description": "Beijing", "year": 2023}}
    },
    "nordic_emissions.json": {
        "data": {
            "NO4": {"emission_factor": 51.7, "description": "Northern Norway", "year": 2025},
            "FI": {"emission_factor": 72.0, "description": "Finland", "year": 2024},
        }
    },
    "carbon_intensity_per_source.json": BY_FUEL,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the importer wrote."""
    root = tmp_path_factory.mktemp("import")
    package, target = root / "codecarbon", root / "target"
    target.mkdir()
    for name, content in FILES.items():
        file = package / "data" / "private_infra" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    (package / "_version.py").write_text('__version__ = "9.9.9"\n')
    licence = root / "codecarbon-9.9.9.dist-info" / "licenses" / "LICENSE"
    licence.parent.mkdir(parents=True)
    licence.write_text("Copyright (c) somebody\n")
    script: list[str | Path] = [sys.executable, SCRIPT, package, "2026-01-02", "--target", target]
    subprocess.run(script, check=True)
    return target


@pytest.fixture
def rows(made: Path) -> dict[str, dict[str, str]]:
    """Rows by zone."""
    with (made / "intensity.csv").open(newline="") as file:
        return {row["zone"]: row for row in csv.DictReader(file)}


@pytest.fixture
def provenance(made: Path) -> str:
    return (made / "PROVENANCE.md").read_text()


def test_a_country_keeps_its_figure_digit_by_digit(rows: dict[str, dict[str, str]]) -> None:
    assert rows["FR"]["intensity"] == "56.1"
    assert rows["FR"]["factor_id"] == "codecarbon-9.9.9/FR/2023"


def test_a_state_keeps_its_unit(rows: dict[str, dict[str, str]]) -> None:
    assert (rows["US-NY"]["intensity"], rows["US-NY"]["unit"]) == ("500.25", "lb/MWh")


def test_a_mix_is_weighted_by_its_shares(rows: dict[str, dict[str, str]]) -> None:
    assert float(rows["CA-QC"]["intensity"]) == pytest.approx(26_000 / 99.5, abs=0.0005)


def test_a_bidding_zone_gets_its_country_in_front(rows: dict[str, dict[str, str]]) -> None:
    assert rows["NO-NO4"]["intensity"] == "51.7"


@pytest.mark.parametrize(
    "line",
    [
        "- CF Central African Republic: the value is 0",
        "- TD Chad: the value is None",
        "- TG Togo: the value is -1",
        "- TO Tonga: the value is None",
        "- CA-ON Ontario: the package has no intensity for other",
        "- US-usa Usa: the whole country, which has its own row",
        "- FI Finland: the whole country, which has its own row",
    ],
)
def test_a_row_without_a_usable_value_is_left_out_and_named(
    line: str, rows: dict[str, dict[str, str]], provenance: str
) -> None:
    assert line in provenance.splitlines()
    assert line.split()[1] not in rows


def test_the_provenance_says_version_day_count_and_licence(provenance: str) -> None:
    for text in ("9.9.9, retrieved on 2026-01-02", "holds 5 rows", "> Copyright (c) somebody"):
        assert text in provenance
