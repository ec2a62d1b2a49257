"""Writes the table of CPUs' thermal design power, from the data of the codecarbon package.

Needs the package's folder, installed or unpacked, and the day it was retrieved:

    python scripts/import_cpu_power.py PATH/TO/codecarbon 2026-11-24
"""

import argparse
import csv
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path

from joulebook.probes.estimate.cpu_model import normalized

HERE = Path(__file__).parent
TARGET = HERE.parent / "agents" / "joulebook" / "probes" / "estimate"
FILE = "data/hardware/cpu_power.csv"
COLUMNS = ("name", "tdp_mw")
MAKERS = ("amd ", "intel ")
MW_PER_W = 1_000

NO_MAKER = "neither AMD nor Intel in the name, so that a bare number could be anybody's"
NO_MODEL = "no number in the name, so that it names a family"
NO_FIGURE = "the value is no power above 0"
SEVERAL = "several values for one name"


class Import:
    """The table, and what was left out by reason.

    Args:
        package: The package's folder.
    """

    def __init__(self, package: Path) -> None:
        self.version = (package / "_version.py").read_text(encoding="utf-8").split('"')[1]
        info = package.parent / f"codecarbon-{self.version}.dist-info"
        self.licence = (info / "licenses" / "LICENSE").read_text(encoding="utf-8").strip()
        content = (package / FILE).read_bytes()
        self.digest = hashlib.sha256(content).hexdigest()
        self.left_out: dict[str, list[str]] = defaultdict(list)
        self._values: dict[str, set[int]] = defaultdict(set)
        for row in csv.DictReader(content.decode("utf-8-sig").splitlines()):
            self._take(row["Name"], row["TDP"])

    def rows(self) -> list[tuple[str, int]]:
        """One row a name, sorted."""
        rows = []
        for name, values in sorted(self._values.items()):
            if len(values) == 1:
                rows.append((name, next(iter(values))))
            else:
                watts = ", ".join(f"{value / MW_PER_W:g} W" for value in sorted(values))
                self.left_out[SEVERAL].append(f"{name} ({watts})")
        return rows

    def _take(self, told: str, watts: str) -> None:
        name = normalized(told)
        if not name.startswith(MAKERS):
            self.left_out[NO_MAKER].append(told)
        elif not any(character.isdigit() for character in name):
            self.left_out[NO_MODEL].append(told)
        elif (value_mw := _milliwatts(watts)) is None:
            self.left_out[NO_FIGURE].append(f"{told} ({watts})")
        else:
            self._values[name].add(value_mw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table and where it comes from."""
    parser = argparse.ArgumentParser(description="Import CPUs' TDP from codecarbon.")
    parser.add_argument("package", type=Path, help="folder of the package codecarbon")
    parser.add_argument("retrieved", help="day on which the package was retrieved, YYYY-MM-DD")
    parser.add_argument("--target", type=Path, default=TARGET, help="folder to write to")
    asked = parser.parse_args(arguments)
    made = Import(asked.package)
    rows = made.rows()
    with (asked.target / "cpu_power.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    text = (HERE / "cpu_power.md.in").read_text(encoding="utf-8")
    for mark, value in _marks(made, len(rows), asked.retrieved).items():
        text = text.replace(f"@{mark}@", value)
    (asked.target / "cpu_power.PROVENANCE.md").write_text(text, encoding="utf-8")


def _marks(made: Import, count: int, retrieved: str) -> dict[str, str]:
    left_out = [f"- {why}: {'; '.join(sorted(names))}" for why, names in made.left_out.items()]
    return {
        "COUNT": str(count),
        "VERSION": made.version,
        "RETRIEVED": retrieved,
        "FILE": FILE,
        "DIGEST": made.digest,
        "LEFT_OUT": "\n".join(left_out) or "- none",
        "LICENCE": "\n".join(f"> {line}".rstrip() for line in made.licence.splitlines()),
    }


def _milliwatts(watts: str) -> int | None:
    try:
        value_mw = Decimal(watts) * MW_PER_W
    except InvalidOperation:
        return None
    return int(value_mw) if value_mw.is_finite() and value_mw > 0 else None


if __name__ == "__main__":
    main()
