"""Emission factors that ship inside the package."""

import functools
from importlib import resources

from joulebook.core.factor_table import FactorTable


@functools.cache
def packaged() -> FactorTable:
    """The factors of `joulebook/factors/intensity.csv`, read once."""
    file = resources.files("joulebook").joinpath("factors/intensity.csv")
    return FactorTable.parse(file.read_text(encoding="utf-8"))
