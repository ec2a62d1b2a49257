"""The table that ships: every row can be used, and the provenance says where it comes from."""

from importlib import resources

import pytest

from joulebook.probes.estimate.cpu_model import normalized

#: No package on the list draws more, mW.
MOST_MW = 500_000


def packaged(name: str) -> str:
    return resources.files("joulebook.probes.estimate").joinpath(name).read_text(encoding="utf-8")


HEADER, *LINES = packaged("cpu_power.csv").splitlines()
ROWS = {name: int(tdp_mw) for name, tdp_mw in (line.split(",") for line in LINES)}


def test_it_has_a_name_and_a_power() -> None:
    assert HEADER == "name,tdp_mw"
    assert len(ROWS) > 4_000


def test_no_name_stands_twice() -> None:
    assert len(ROWS) == len(LINES)


def test_names_are_sorted_so_that_a_change_can_be_seen() -> None:
    assert list(ROWS) == sorted(ROWS)


def test_every_name_can_be_found() -> None:
    assert [name for name in ROWS if normalized(name) != name] == []


def test_every_name_has_a_maker_and_a_number() -> None:
    assert {name.split()[0] for name in ROWS} == {"amd", "intel"}
    assert [name for name in ROWS if not any(letter.isdigit() for letter in name)] == []


def test_no_power_is_zero_or_beyond_any_package() -> None:
    assert [name for name, tdp_mw in ROWS.items() if not 0 < tdp_mw <= MOST_MW] == []


@pytest.mark.parametrize("part", ["MIT License", "SHA-256", "retrieved on", "codecarbon"])
def test_the_provenance_says(part: str) -> None:
    assert part in packaged("cpu_power.PROVENANCE.md")


def test_the_provenance_counts_the_rows() -> None:
    assert f"holds {len(ROWS)} rows" in packaged("cpu_power.PROVENANCE.md")


def test_a_model_with_two_powers_is_left_out_and_named() -> None:
    assert "amd phenom ii x4 955" not in ROWS
    assert "amd phenom ii x4 955 (95 W, 125 W)" in packaged("cpu_power.PROVENANCE.md")


def test_the_licence_is_quoted_whole() -> None:
    assert "permission notice shall be included in all" in packaged("cpu_power.PROVENANCE.md")
    assert 'THE SOFTWARE IS PROVIDED "AS IS"' in packaged("cpu_power.PROVENANCE.md")
