"""A host to do harm to, and the chance by which harm is done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.faults.machine import Machine
from tests.faults.relay import Relay, pass_on
from tests.faults.stage import Chance, Stage, seed


@pytest.fixture
def chance() -> Chance:
    """Chance whose seed is shown with any failure."""
    made = Chance(seed())
    print(made)  # noqa: T201 - pytest shows it where the test fails
    return made


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A host with a simulated GPU; its processes end with the test."""
    made = Stage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def machine(stage: Stage) -> Machine:
    """The host with a second GPU and a package; to be asked for before a process starts."""
    return Machine(stage)


@pytest.fixture
def relay() -> Iterator[Relay]:
    """A way to a server that is to be named."""
    made = Relay("", pass_on)
    yield made
    made.close()
