"""Emission factors that ship with joulebook; `PROVENANCE.md` says where they come from."""

import functools

from joulebook.core.factor_table import FactorTable


@functools.cache
def load() -> FactorTable:
    """The packaged table, read once."""
    from importlib import resources  # noqa: PLC0415 - slow to load, and only a zone needs it

    file = resources.files("joulebook.factors").joinpath("intensity.csv")
    return FactorTable.parse(file.read_text(encoding="utf-8"))
