"""The installed command, as a user starts it."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A clean environment whose ledger lies in the test's folder."""
    kept = {name: value for name, value in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - handed to a real process
    return {
        **kept,
        "JOULEBOOK_STATE_DIR": str(tmp_path / "state"),
        "HOME": str(tmp_path),
        "JOULEBOOK_AGENT_SOCKET": "none",
        "JOULEBOOK_DISCOVER": "false",  # jobs of other tests are not found
        "COLUMNS": "120",
    }


@pytest.fixture
def joulebook(environment: dict[str, str], tmp_path: Path) -> Command:
    """Runs `joulebook WORDS...` to its end."""

    def run(*words: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "joulebook", *words],
            env=environment | extra,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def run_python(environment: dict[str, str], tmp_path: Path) -> Command:
    """Runs code in a process of its own."""

    def run(code: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=environment | extra,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
