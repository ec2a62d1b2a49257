"""What `joulebook doctor` tells of what waits unsent."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Command
from tests.shipping.measured import append

from joulebook.clock import SystemClock
from joulebook.discovery.host import identify
from joulebook.metering.station import spool_path
from joulebook.shipping.spool import Bounds, Spool

MIB = 1 << 20
DAY_US = 86_400_000_000


@pytest.fixture
def ledger(environment: dict[str, str]) -> Path:
    """The file of this host's agent."""
    state = Path(environment["JOULEBOOK_STATE_DIR"])
    return spool_path(state, "agent", identify(Path("/proc")).id)


@pytest.fixture
def kept(ledger: Path) -> Callable[[int, int], None]:
    """Keeps so many batches in a file of so many bytes."""

    def keep(count: int, max_bytes: int) -> None:
        spool = Spool(ledger, SystemClock(), Bounds(max_bytes, 30 * DAY_US))
        append(spool, range(count))
        spool.close()

    return keep


def test_size_bound_and_age_are_told(joulebook: Command, kept: Callable[[int, int], None]) -> None:
    kept(3, MIB)
    (told, _) = json.loads(joulebook("doctor", "--json", JOULEBOOK_SPOOL_MAX_MB="2").stdout)[
        "spools"
    ]
    assert (told["waiting"], told["max_bytes"], told["merged"]) == (3, 2 * MIB, 0)
    assert 0 < told["used_bytes"] < MIB
    assert told["oldest_us"] <= SystemClock().wall_us()
    done = joulebook("doctor", JOULEBOOK_SPOOL_MAX_MB="2")
    assert "of 2 MiB, the oldest kept 20" in done.stdout
    assert "merged:" not in done.stdout


def test_batches_that_were_merged_are_told(
    joulebook: Command, kept: Callable[[int, int], None]
) -> None:
    kept(300, 96 << 10)
    (told, _) = json.loads(joulebook("doctor", "--json").stdout)["spools"]
    assert told["merged"] > told["merged_into"] > 0
    line = f"merged: {told['merged']} batches into {told['merged_into']} with longer windows"
    assert line in joulebook("doctor").stdout


def test_what_was_salvaged_of_a_damaged_file_is_told_each_time(
    joulebook: Command, kept: Callable[[int, int], None], ledger: Path
) -> None:
    kept(30, MIB)
    with ledger.open("r+b") as file:
        file.write(b"\xa5" * 4096)
    for _ in range(2):
        done = joulebook("doctor")
        assert "30 batches were read of it and wait under their old numbers" in done.stdout
        assert "unsent: 30 batches" in done.stdout
