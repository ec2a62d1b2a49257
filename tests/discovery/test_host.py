from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs

from joulebook.discovery.host import identify


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    made = tmp_path / "etc"
    made.mkdir()
    (made / "machine-id").write_text("3d1219c7c4c5404a\n")
    return made


@pytest.fixture
def kernel(procfs: Procfs) -> Procfs:
    procfs.write("sys/kernel/hostname", "gpu-node-7\n")
    procfs.write("sys/kernel/random/boot_id", "c29eba76-54d3\n")
    return procfs


def test_a_host_has_id_name_and_boot(kernel: Procfs, etc: Path) -> None:
    host = identify(kernel.root, etc)
    assert (host.id, host.name, host.boot_id) == ("3d1219c7c4c5404a", "gpu-node-7", "c29eba76-54d3")


@pytest.mark.parametrize("text", ["", "\n", "uninitialized\n"])
def test_a_machine_without_an_id_is_named_by_its_boot(kernel: Procfs, etc: Path, text: str) -> None:
    (etc / "machine-id").write_text(text)
    assert identify(kernel.root, etc).id == "c29eba76-54d3"


def test_a_missing_machine_id_is_named_by_its_boot(kernel: Procfs, tmp_path: Path) -> None:
    assert identify(kernel.root, tmp_path / "nothing").id == "c29eba76-54d3"


def test_a_kernel_without_boot_id_is_named_by_its_boot_time(procfs: Procfs, etc: Path) -> None:
    procfs.write("sys/kernel/hostname", "sandbox\n")
    assert identify(procfs.root, etc).boot_id == "sandbox:btime-1795420000"


def test_an_empty_tree_still_names_a_host(tmp_path: Path) -> None:
    host = identify(tmp_path / "none", tmp_path / "none")
    assert all((host.id, host.name, host.boot_id))


def test_this_machine_tells_the_same_twice() -> None:
    assert identify(Path("/proc")) == identify(Path("/proc"))
