"""Writes the emission factors that joulebook ships, from the data of the codecarbon package.

Needs the wheel of codecarbon, unpacked, and pycountry for the codes of countries:

    python scripts/import_factors.py PATH/TO/codecarbon VERSION
"""

import csv
import hashlib
import io
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pycountry

TARGET = Path(__file__).parent.parent / "agents" / "joulebook" / "factors"
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

Row = dict[str, Any]


class Import:
    """Rows found so far, and those left out with the reason."""

    def __init__(self, folder: Path, version: str) -> None:
        self.version = version
        self.left_out: list[str] = []
        self.digests: dict[str, str] = {}
        self.trees: dict[str, Any] = {}
        for name in FILES:
            content = (folder / name).read_bytes()
            self.digests[name] = hashlib.sha256(content).hexdigest()
            self.trees[name] = json.loads(content, parse_float=Decimal)

    def rows(self) -> list[Row]:
        """All rows, by zone."""
        found = [*self.countries(), *self.states(), *self.canada(), *self.china(), *self.nordic()]
        return sorted(found, key=lambda row: str(row["zone"]))

    def countries(self) -> Iterator[Row]:
        """Countries: generation-weighted, lifecycle, as Our World in Data publishes them."""
        for code, entry in self.trees[WORLD].items():
            country = pycountry.countries.get(alpha_3=code)
            source = "Our World in Data (Ember, Energy Institute), carbon intensity of electricity"
            yield from self._row(
                country.alpha_2,
                entry["country_name"],
                entry["year"],
                (entry.get("carbon_intensity"), "gCO2e/kWh"),
                ("lifecycle", source),
            )

    def states(self) -> Iterator[Row]:
        """US states: output emission rate of generation, CO2e of the stacks."""
        tree = self.trees[STATES]
        for name, entry in tree.items():
            if name.startswith("_"):
                continue
            if name == "usa":
                self.left_out.append("USA of the states: the country's own row is kept")
                continue
            yield from self._row(
                f"US-{entry['regionCode']}",
                name.title(),
                tree["_source"]["year"],
                (entry["emissions"], "lb/MWh"),
                ("direct", tree["_source"]["name"]),
            )

    def canada(self) -> Iterator[Row]:
        """Canada's provinces: a generation mix times lifecycle factors by fuel."""
        for name, mix in self.trees[CANADA].items():
            zone = f"CA-{PROVINCES[name]}"
            unknown = [fuel for fuel, share in mix.items() if fuel not in FUELS and share]
            if rest := [fuel for fuel in unknown if fuel != "total"]:
                self.left_out.append(f"{zone} {name}: no factor for {', '.join(rest)} in its mix")
                continue
            parts = [mix[fuel] * self.trees[BY_FUEL][factor] for fuel, factor in FUELS.items()]
            intensity = (Decimal(sum(parts)) / mix["total"]).quantize(Decimal("0.001"))
            source = "computed: generation mix of the province times lifecycle factors by fuel"
            place = (zone, name.title(), 2023)
            yield from self._row(*place, (intensity, "gCO2e/kWh"), ("lifecycle", source))

    def china(self) -> Iterator[Row]:
        """China's provinces: CO2 alone, as the ministry publishes them."""
        source = "Ministry of Ecology and Environment of China, announcement 2025 No. 47, table 3"
        for zone, entry in self.trees[CHINA]["data"].items():
            yield from self._row(
                zone,
                entry["description"],
                entry["year"],
                (entry["emission_factor"], "gCO2/kWh"),
                ("direct", source),
            )

    def nordic(self) -> Iterator[Row]:
        """Bidding zones: generation mix times lifecycle factors by fuel."""
        source = "ENTSO-E generation per type times lifecycle factors by fuel; a lower bound"
        for code, entry in self.trees[NORDIC]["data"].items():
            zone = f"{code[:2]}-{code}"
            if code == "FI":
                self.left_out.append("FI of the bidding zones: the country's own row is kept")
                continue
            yield from self._row(
                zone,
                entry["description"],
                entry["year"],
                (entry["emission_factor"], "gCO2e/kWh"),
                ("lifecycle", source),
            )

    def _row(
        self,
        zone: str,
        name: str,
        year: int,
        value: tuple[Decimal | None, str],
        said: tuple[str, str],
    ) -> Iterator[Row]:
        intensity, unit = value
        if not intensity or intensity < 0:
            self.left_out.append(f"{zone} {name}: the value is {intensity}")
            return
        yield dict(
            zip(
                COLUMNS,
                (
                    f"codecarbon-{self.version}/{zone}/{year}",
                    *(zone, name, year, intensity, unit, "average"),
                    *said,
                ),
                strict=True,
            )
        )


def main() -> None:
    """Write the table and where it comes from."""
    made = Import(Path(sys.argv[1]), sys.argv[2])
    rows = made.rows()
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (TARGET / "intensity.csv").write_text(text.getvalue(), encoding="utf-8")
    (TARGET / "PROVENANCE.md").write_text(_provenance(made, len(rows)), encoding="utf-8")


def _provenance(made: Import, count: int) -> str:
    digests = "\n".join(f"| `{name}` | `{digest}` |" for name, digest in made.digests.items())
    left_out = "\n".join(f"- {line}" for line in made.left_out)
    return f"""# Where the emission factors come from

`intensity.csv` holds {count} rows, written by `scripts/import_factors.py` from the data of the
package codecarbon {made.version}. Nothing in it was edited by hand.

| file of the package | SHA-256 |
| --- | --- |
{digests}

The rows follow different conventions; each says its own:

- `boundary` is `lifecycle` (fuel supply and building of plants included) or `direct` (stacks).
- `unit` is the published one: `gCO2e/kWh`, `lb/MWh` of CO2e, or `gCO2/kWh` (CO2 alone, so a little
  less than CO2e).
- `year` is the year that the figure describes, not the year of its publication.
- `kind` is `average` in every row: none is marginal.

Left out, because a figure that is missing is not 0 and no other zone stands in for it:

{left_out}

## Licence of the data's package

codecarbon is published under the MIT licence:

> Copyright (c) 2019 Mila, BCG Gamma, CometML, Haverford College
> Copyright (c) 2023 Code Carbon NGO
>
> Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
> associated documentation files, to deal in the software without restriction, including without
> limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
> copies of the software, subject to the following conditions: the copyright notice and this
> permission notice shall be included in all copies or substantial portions of the software. The
> software is provided "as is", without warranty of any kind.

"""


if __name__ == "__main__":
    main()
