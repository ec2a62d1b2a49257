"""Writes the emission factors that joulebook ships, from the data of the codecarbon package.

Needs the package's folder, installed or unpacked, and the day it was retrieved:

    python scripts/import_factors.py PATH/TO/codecarbon 2026-11-23

The package's own code decided what each of its files means: countries carry an intensity, US
states pounds per MWh, Canada's provinces a generation mix, the others grams per kWh.
"""

import argparse
import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TARGET = HERE.parent / "agents" / "joulebook" / "factors"
COLUMNS = (
    "factor_id",
    "zone",
    "name",
    "year",
    "intensity",
    "unit",
    "kind",
    "boundary",
    "source",
)
WORLD = "data/private_infra/global_energy_mix.json"
STATES = "data/private_infra/2023/usa_emissions.json"
CANADA = "data/private_infra/2023/canada_energy_mix.json"
CHINA = "data/private_infra/2023/china_provincial_emissions.json"
NORDIC = "data/private_infra/nordic_emissions.json"
BY_FUEL = "data/private_infra/carbon_intensity_per_source.json"
FILES = (WORLD, STATES, CANADA, CHINA, NORDIC, BY_FUEL)
#: Canada's file tells no year; its folder does.
CANADA_YEAR = 2023
STATE_CODE_LENGTH = 2

#: Names in Canada's mix, and those of the factors by fuel.
FUELS = {
    "coal": "coal",
    "petroleum": "petroleum",
    "naturalGas": "natural_gas",
    "hydro": "hydroelectricity",
    "nuclear": "nuclear",
    "solar": "solar",
    "wind": "wind",
    "biomass": "biomass",
}
#: ISO 3166-2:CA.
PROVINCES = {
    "alberta": "AB",
    "british columbia": "BC",
    "manitoba": "MB",
    "new brunswick": "NB",
    "newfoundland and labrador": "NL",
    "northwest territories": "NT",
    "nova scotia": "NS",
    "nunavut": "NU",
    "ontario": "ON",
    "prince edward island": "PE",
    "quebec": "QC",
    "saskatchewan": "SK",
    "yukon": "YT",
}
SOURCES = {
    WORLD: "Our World in Data (Ember, Energy Institute), lifecycle carbon intensity of electricity",
    CANADA: "computed: sum of the province's generation shares times the package's intensity by "
    "fuel, over the sum of the shares, to 0.001",
    CHINA: "Ministry of Ecology and Environment of China, announcement 2025 No. 47, table 3",
    NORDIC: "ENTSO-E generation per type times the package's intensity by fuel; fuels without one "
    "count as 0, so a lower bound",
}

Row = dict[str, Any]


class Import:
    """Rows found so far, and those left out with the reason.

    Args:
        package: The package's folder.
    """

    def __init__(self, package: Path) -> None:
        text = (package / "_version.py").read_text(encoding="utf-8")
        self.version = text.split('"')[1]
        info = package.parent / f"codecarbon-{self.version}.dist-info"
        self.licence = (info / "licenses" / "LICENSE").read_text(encoding="utf-8").strip()
        self.left_out: list[str] = []
        self.digests: dict[str, str] = {}
        self._trees: dict[str, Any] = {}
        for name in FILES:
            content = (package / name).read_bytes()
            self.digests[name] = hashlib.sha256(content).hexdigest()
            self._trees[name] = json.loads(content, parse_float=Decimal, parse_int=Decimal)

    def rows(self) -> list[Row]:
        """All rows, by zone."""
        found = [
            *self._countries(),
            *self._states(),
            *self._provinces(),
            *self._published(CHINA, "gCO2/kWh", "direct"),
            # The intensities by fuel mix both: coal, oil and gas at the stack, the rest lifecycle.
            *self._published(NORDIC, "gCO2e/kWh", "unstated"),
        ]
        return sorted(found, key=lambda row: str(row["zone"]))

    def _countries(self) -> Iterator[Row]:
        codes = _country_codes()
        for code, entry in self._trees[WORLD].items():
            place = (codes[code], entry["country_name"], entry["year"])
            yield from self._row(
                place,
                (entry.get("carbon_intensity"), "gCO2e/kWh"),
                ("lifecycle", SOURCES[WORLD]),
            )

    def _states(self) -> Iterator[Row]:
        """Output emission rates: CO2e at the stacks per MWh generated in the state."""
        tree = self._trees[STATES]
        source = tree["_source"]
        for name, entry in tree.items():
            if name.startswith("_"):
                continue
            place = (f"US-{entry['regionCode']}", name.title(), source["year"])
            if len(entry["regionCode"]) != STATE_CODE_LENGTH:
                self._leave_out(place, "the whole country, which has its own row")
                continue
            yield from self._row(place, (entry["emissions"], "lb/MWh"), ("direct", source["name"]))

    def _provinces(self) -> Iterator[Row]:
        for name, mix in self._trees[CANADA].items():
            place = (f"CA-{PROVINCES[name]}", name.title(), CANADA_YEAR)
            unknown = [fuel for fuel in mix if fuel not in (*FUELS, "total") and mix[fuel]]
            if unknown:
                self._leave_out(place, f"the package has no intensity for {', '.join(unknown)}")
                continue
            value = (self._mixed(mix), "gCO2e/kWh")
            yield from self._row(place, value, ("unstated", SOURCES[CANADA]))

    def _mixed(self, mix: dict[str, Decimal]) -> Decimal:
        """Intensity of a generation mix; the package's own code counts coal, oil and gas alone."""
        by_fuel = self._trees[BY_FUEL]
        grams = sum(mix[fuel] * by_fuel[factor] for fuel, factor in FUELS.items())
        return Decimal(grams / sum(mix[fuel] for fuel in FUELS)).quantize(Decimal("0.001"))

    def _published(self, file: str, unit: str, boundary: str) -> Iterator[Row]:
        """Files whose zones have a published figure each."""
        for code, entry in self._trees[file]["data"].items():
            place = (_subdivision(code), entry["description"], entry["year"])
            if place[0] == "FI":
                self._leave_out(place, "the whole country, which has its own row")
                continue
            value = (entry["emission_factor"], unit)
            yield from self._row(place, value, (boundary, SOURCES[file]))

    def _row(
        self,
        place: tuple[str, str, int],
        value: tuple[Decimal | None, str],
        said: tuple[str, str],
    ) -> Iterator[Row]:
        intensity, unit = value
        if intensity is None or intensity <= 0:
            self._leave_out(place, f"the value is {intensity}")
            return
        zone, _, year = place
        factor_id = f"codecarbon-{self.version}/{zone}/{year}"
        cells = (factor_id, *place, intensity, unit, "average", *said)
        yield dict(zip(COLUMNS, cells, strict=True))

    def _leave_out(self, place: tuple[str, str, int], why: str) -> None:
        self.left_out.append(f"{place[0]} {place[1]}: {why}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the table and where it comes from."""
    parser = argparse.ArgumentParser(description="Import emission factors from codecarbon.")
    parser.add_argument("package", type=Path, help="folder of the package codecarbon")
    parser.add_argument("retrieved", help="day on which the package was retrieved, YYYY-MM-DD")
    parser.add_argument("--target", type=Path, default=TARGET, help="folder to write to")
    asked = parser.parse_args(arguments)
    made = Import(asked.package)
    rows = made.rows()
    with (asked.target / "intensity.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    text = (HERE / "provenance.md.in").read_text(encoding="utf-8")
    for mark, value in _marks(made, len(rows), asked.retrieved).items():
        text = text.replace(f"@{mark}@", value)
    (asked.target / "PROVENANCE.md").write_text(text, encoding="utf-8")


def _marks(made: Import, count: int, retrieved: str) -> dict[str, str]:
    return {
        "COUNT": str(count),
        "VERSION": made.version,
        "RETRIEVED": retrieved,
        "DIGESTS": "\n".join(f"| `{name}` | `{hexes}` |" for name, hexes in made.digests.items()),
        "LEFT_OUT": "\n".join(f"- {line}" for line in made.left_out) or "- none",
        "LICENCE": "\n".join(f"> {line}".rstrip() for line in made.licence.splitlines()),
    }


def _country_codes() -> dict[str, str]:
    """ISO 3166-1 alpha-2 by alpha-3."""
    words = (HERE / "country_codes.txt").read_text(encoding="utf-8").split()
    return dict(zip(words[::2], words[1::2], strict=True))


def _subdivision(code: str) -> str:
    """``SE1`` as ``SE-SE1``; what is a country or has one in front stays as it is."""
    return f"{code[:2]}-{code}" if re.fullmatch(r"[A-Z]{2}\d", code) else code


if __name__ == "__main__":
    main()
