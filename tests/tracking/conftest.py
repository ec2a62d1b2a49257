"""A clean environment for real processes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fakes.podinfo import podinfo


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A clean environment whose ledger lies in the test's folder."""
    kept = {name: value for name, value in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - a test hands it to a real process
    own = {"JOULEBOOK_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    return {**kept, **own, "JOULEBOOK_AGENT_SOCKET": "none"}


@pytest.fixture
def mount(tmp_path: Path, environment: dict[str, str]) -> Callable[..., dict[str, str]]:
    """What a tracker finds in a pod with a volume of the downward API."""

    def make(**told: object) -> dict[str, str]:
        folder = podinfo(tmp_path / "podinfo", **told)  # type: ignore[arg-type] # as they are
        return environment | {"JOULEBOOK_PODINFO_DIR": str(folder)}

    return make
