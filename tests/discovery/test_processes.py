import pytest
from tests.discovery.conftest import Procfs

from joulebook.core.families import Process
from joulebook.discovery.processes import PSS_MOST, CpuTimes, MemoryUse, ProcessTable
from joulebook.errors import Fatal


@pytest.fixture
def table(procfs: Procfs) -> ProcessTable:
    return ProcessTable(procfs.root)


def test_a_look_tells_parent_time_and_start_of_every_process(
    procfs: Procfs, table: ProcessTable
) -> None:
    procfs.process(50, 1, (100, 20, 3000, 400))
    procfs.process(7, 50, (1, 2, 3, 4))
    assert table.look() == {
        50: Process(parent=1, ticks=3520, started=577801),
        7: Process(parent=50, ticks=10, started=577801),
    }


@pytest.mark.parametrize("name", ["a b", "x) S 99 (y", "((", "name\n1", "\N{SNOWMAN}"])
def test_a_name_may_hold_anything(procfs: Procfs, table: ProcessTable, name: str) -> None:
    procfs.process(50, 1, (1, 2, 3, 4), name)
    assert table.look()[50] == Process(parent=1, ticks=10, started=577801)


@pytest.mark.parametrize("content", ["", "50 (pyth", "50 (python) S", "50 (python) S x 1 2 3"])
def test_a_stat_cut_short_is_a_process_that_left(
    procfs: Procfs, table: ProcessTable, content: str
) -> None:
    procfs.write("50/stat", content)
    assert table.look() == {}
    assert table.started(50) is None


def test_a_process_is_told_from_a_later_one_by_its_start(
    procfs: Procfs, table: ProcessTable
) -> None:
    procfs.process(50, 1)
    assert table.started(50) == 577801


def test_memory_is_the_proportional_share(procfs: Procfs, table: ProcessTable) -> None:
    procfs.write("50/smaps_rollup", "0-f ---p 0 0:0 0 [rollup]\nRss: 900 kB\nPss: 300 kB\n")
    procfs.write("51/smaps_rollup", "0-f ---p 0 0:0 0 [rollup]\nRss: 900 kB\nPss: 40 kB\n")
    assert table.pss_bytes([50, 51, 52]) == 340 * 1024


def test_memory_that_nobody_tells_is_not_zero(table: ProcessTable) -> None:
    assert table.pss_bytes([50]) is None


def test_the_memory_of_an_ended_process_is_not_zero(procfs: Procfs, table: ProcessTable) -> None:
    procfs.write("50/smaps_rollup", "")
    assert table.pss_bytes([50]) is None


def test_a_process_exists_while_its_entry_does(procfs: Procfs, table: ProcessTable) -> None:
    procfs.process(50, 1)
    assert (table.exists(50), table.exists(51)) == (True, False)


def test_waiting_is_idle_and_stolen_time_is_neither(table: ProcessTable) -> None:
    # user 100, nice 10, system 50, irq 6, softirq 4 | idle 800, iowait 40 | steal 90;
    # guest time (20 and 5) is in user and nice already.
    assert table.host_cpu() == CpuTimes(busy_ticks=170, total_ticks=1100)


def test_an_old_kernel_tells_four_times(procfs: Procfs, table: ProcessTable) -> None:
    procfs.write("stat", "cpu  100 10 50 800\n")
    assert table.host_cpu() == CpuTimes(busy_ticks=160, total_ticks=960)


@pytest.mark.parametrize("content", ["", "cpu\n", "cpu 1 2 3\n", "cpu a b c d\n"])
def test_cpu_times_that_cannot_be_read_are_an_error(
    procfs: Procfs, table: ProcessTable, content: str
) -> None:
    procfs.write("stat", content)
    with pytest.raises(Fatal, match="CPU times"):
        table.host_cpu()


def test_missing_cpu_times_are_an_error(procfs: Procfs, table: ProcessTable) -> None:
    (procfs.root / "stat").unlink()
    with pytest.raises(Fatal, match="No such file"):
        table.host_cpu()


def test_memory_of_the_host(table: ProcessTable) -> None:
    assert table.memory() == MemoryUse(16_000 * 1024, 9_000 * 1024)


@pytest.mark.parametrize("content", ["", "MemTotal: 5 kB\n", "MemTotal: x\nMemAvailable: 5 kB\n"])
def test_memory_that_cannot_be_read_is_an_error(
    procfs: Procfs, table: ProcessTable, content: str
) -> None:
    procfs.write("meminfo", content)
    with pytest.raises(Fatal, match="MemTotal"):
        table.memory()


def test_of_a_large_family_the_largest_are_asked_and_the_others_share_as_much(
    procfs: Procfs, table: ProcessTable
) -> None:
    small = range(1_000, 1_000 + 100)
    for pid in range(100, 100 + PSS_MOST):
        procfs.write(f"{pid}/statm", "900 200 100 1 0 1 0\n")
        procfs.write(f"{pid}/smaps_rollup", "Rss: 800 kB\nPss: 400 kB\n")
    for pid in small:
        procfs.write(f"{pid}/statm", "900 100 100 1 0 1 0\n")  # nobody reads its pages
    asked = PSS_MOST * 400 * 1024
    rest = asked * 100 * 100 // (PSS_MOST * 200)
    assert table.pss_bytes([*small, *range(100, 100 + PSS_MOST)]) == asked + rest
