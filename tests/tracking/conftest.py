"""A clean environment for real processes."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A clean environment whose ledger lies in the test's folder."""
    kept = {name: value for name, value in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - a test hands it to a real process
    own = {"JOULEBOOK_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    return {**kept, **own, "JOULEBOOK_AGENT_SOCKET": "none"}
