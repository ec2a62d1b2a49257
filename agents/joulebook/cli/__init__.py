"""The command `joulebook`."""

from joulebook.cli.main import main

__all__ = ["main"]
