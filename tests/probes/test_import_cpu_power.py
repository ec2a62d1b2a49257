"""The importer, run on a small package in the form of the real one."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "import_cpu_power.py"
pytestmark = pytest.mark.skipif(
    not SCRIPT.is_file(), reason="scripts/import_cpu_power.py is not here: no checkout"
)

LIST = """Name,TDP
Intel Xeon Gold 6148,150.0
AMD EPYC 7763,280
Intel Core i7-9800X X-series,165.0
AMD Ryzen 5 3500 (OEM Only),65.0
AMD Ryzen 5 3500 Processor,65
AMD Phenom II X4 955 (125W),125
AMD Phenom II X4 955 (95W),95
Intel Atom Z500,0.65
1075T,95
Apple M2,22
Intel Aubrey Isle,300
Intel Celeron 1200,29.32.9
Intel Quark D1000,0.0
"Intel Core i5+8400  (9M Cache, up to 4.00 GHz) includes Intel Optane Memory",65.0
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the importer wrote."""
    root = tmp_path_factory.mktemp("import")
    package, target = root / "codecarbon", root / "target"
    target.mkdir()
    file = package / "data" / "hardware" / "cpu_power.csv"
    file.parent.mkdir(parents=True)
    file.write_text(LIST, encoding="utf-8")
    (package / "_version.py").write_text('__version__ = "9.9.9"\n')
    licence = root / "codecarbon-9.9.9.dist-info" / "licenses" / "LICENSE"
    licence.parent.mkdir(parents=True)
    licence.write_text("Copyright (c) somebody\n")
    script: list[str | Path] = [sys.executable, SCRIPT, package, "2026-01-02", "--target", target]
    subprocess.run(script, check=True)
    return target


@pytest.fixture
def rows(made: Path) -> list[str]:
    return (made / "cpu_power.csv").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def provenance(made: Path) -> str:
    return (made / "cpu_power.PROVENANCE.md").read_text(encoding="utf-8")


def test_rows_are_normalised_sorted_and_in_milliwatts(rows: list[str]) -> None:
    assert rows == [
        "name,tdp_mw",
        "amd epyc 7763,280000",
        "amd ryzen 5 3500,65000",
        "intel atom z500,650",
        "intel core i5+8400,65000",
        "intel core i7 9800x,165000",
        "intel xeon gold 6148,150000",
    ]


@pytest.mark.parametrize(
    "part",
    [
        "several values for one name: amd phenom ii x4 955 (95 W, 125 W)",
        "so that a bare number could be anybody's: 1075T; Apple M2",
        "so that it names a family: Intel Aubrey Isle",
        "no power above 0: Intel Celeron 1200 (29.32.9); Intel Quark D1000 (0.0)",
    ],
)
def test_what_is_left_out_is_named_with_the_reason(part: str, provenance: str) -> None:
    assert part in provenance


def test_the_provenance_says_version_day_count_licence_and_digest(provenance: str) -> None:
    for text in ("9.9.9, retrieved on 2026-01-02", "holds 6 rows", "> Copyright (c) somebody"):
        assert text in provenance
    assert hashlib.sha256(LIST.encode()).hexdigest() in provenance
