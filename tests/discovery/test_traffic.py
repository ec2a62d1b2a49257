"""Bytes of jobs, in trees that stand for other machines."""

from pathlib import Path

import pytest
from tests.discovery.conftest import Procfs

from joulebook.discovery.traffic import Moved, Traffic

HEAD = "Inter-|   Receive |  Transmit\n face |bytes    packets|bytes    packets\n"
HOST = "host"
KNOWN = {1, 40, 50, 51, 60}


class Machine:
    """A tree of procfs and cgroups; process 1 and what is not placed elsewhere are the host's."""

    def __init__(self, procfs: Procfs, groups: Path) -> None:
        self.procfs = procfs
        self.groups = groups
        self.place(HOST, "self", *map(str, KNOWN))
        self.traffic = Traffic(procfs.root, groups)

    def place(self, space: str, *pids: str) -> None:
        """Put processes into a network namespace."""
        (self.procfs.root / "spaces" / space).mkdir(parents=True, exist_ok=True)
        self.interfaces(space)
        for pid in pids:
            (self.procfs.root / pid).mkdir(exist_ok=True)
            (self.procfs.root / pid / "net").unlink(missing_ok=True)
            (self.procfs.root / pid / "net").symlink_to(f"../spaces/{space}")

    def interfaces(self, space: str, **bytes_of: tuple[int, int]) -> None:
        """Write bytes received and sent of the interfaces of a namespace."""
        lines = [f"{n:>6}: {r} 1 0 0 0 0 0 0 {s} 1 0 0 0 0 0 0\n" for n, (r, s) in bytes_of.items()]
        self.procfs.write(f"spaces/{space}/dev", HEAD + "".join(lines))

    def group(self, path: str, *pids: int, io: str | None = None) -> None:
        folder = self.groups / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))
        if io is not None:
            (folder / "io.stat").write_text(io)
        for pid in pids:
            self.procfs.write(f"{pid}/cgroup", f"0::/{path}\n")

    def look(self, **jobs: set[int]) -> None:
        self.traffic.look(jobs, KNOWN)


@pytest.fixture
def machine(procfs: Procfs, tmp_path: Path) -> Machine:
    return Machine(procfs, tmp_path / "cgroup")


def test_all_interfaces_of_a_namespace_of_its_own_count_but_the_loopback(machine: Machine) -> None:
    machine.place("7", "50", "51")
    machine.interfaces("7", lo=(5, 5), eth0=(100, 10), ib0=(1, 1))
    machine.look(a={50, 51})
    machine.interfaces("7", lo=(99, 99), eth0=(400, 30), ib0=(2, 1))
    machine.look(a={50, 51})
    assert machine.traffic.moved("a") == Moved(301, 20)


def test_a_namespace_shared_with_the_host_tells_nothing_and_not_zero(machine: Machine) -> None:
    machine.interfaces(HOST, eth0=(100, 10))
    machine.look(a={50})
    assert machine.traffic.moved("a") == Moved()


def test_a_namespace_shared_with_another_job_tells_nothing_of_either(machine: Machine) -> None:
    machine.place("7", "50", "60")
    machine.interfaces("7", eth0=(100, 10))
    machine.look(a={50}, b={60})
    assert machine.traffic.moved("a") == machine.traffic.moved("b") == Moved()


def test_a_namespace_shared_with_a_process_of_no_job_tells_nothing(machine: Machine) -> None:
    machine.place("7", "40", "50")
    machine.interfaces("7", eth0=(100, 10))
    machine.look(a={50})
    assert machine.traffic.moved("a") == Moved()


def test_a_job_that_is_only_partly_apart_is_not_told(machine: Machine) -> None:
    machine.place("7", "50")
    machine.interfaces("7", eth0=(100, 10))
    machine.look(a={50, 51})
    assert machine.traffic.moved("a") == Moved()


def test_the_namespaces_of_a_job_of_several_pods_add_up(machine: Machine) -> None:
    machine.place("7", "50")
    machine.place("8", "51")
    machine.interfaces("7", eth0=(100, 10))
    machine.interfaces("8", eth0=(1, 1))
    machine.look(a={50, 51})
    machine.interfaces("7", eth0=(150, 10))
    machine.interfaces("8", eth0=(8, 4))
    machine.look(a={50, 51})
    assert machine.traffic.moved("a") == Moved(57, 3)


def test_an_interface_that_began_again_counts_from_zero(machine: Machine) -> None:
    machine.place("7", "50")
    for received in (100, 400, 30, 35):
        machine.interfaces("7", eth0=(received, 0))
        machine.look(a={50})
    assert machine.traffic.moved("a") == Moved(300 + 30 + 5, 0)


def test_a_time_in_which_nobody_can_tell_is_spanned_and_loses_nothing(machine: Machine) -> None:
    machine.place("7", "50")
    machine.interfaces("7", eth0=(100, 10))
    machine.look(a={50})
    machine.interfaces("7")
    machine.look(a={50})
    machine.interfaces("7", eth0=(160, 10))
    machine.look(a={50})
    assert machine.traffic.moved("a") == Moved(60, 0)


def test_storage_is_what_the_groups_of_a_job_asked_of_all_devices(machine: Machine) -> None:
    machine.group("job", 50, 51, io="8:0 rbytes=1000 wbytes=0 rios=9 wios=0\n253:0\n")
    machine.look(a={50, 51})
    machine.group("job", 50, 51, io="8:0 rbytes=1500 wbytes=7 rios=9\n8:16 rbytes=4 wbytes=4\n")
    machine.look(a={50, 51})
    machine.group("job", 50, 51, io="8:0 rbytes=1500 wbytes=9 rios=9\n8:16 rbytes=6 wbytes=4\n")
    machine.look(a={50, 51})
    # The second device was first seen when it had moved 4 bytes already: whose, nobody knows.
    assert machine.traffic.moved("a") == Moved(None, None, 502, 9)


def test_a_group_within_another_one_of_the_job_is_not_counted_again(machine: Machine) -> None:
    for read in (100, 160):
        machine.group("job", 50, io=f"8:0 rbytes={read} wbytes=0\n")
        machine.group("job/step", 51, io=f"8:0 rbytes={read - 90} wbytes=0\n")
        machine.look(a={50, 51})
    assert machine.traffic.moved("a").read_bytes == 60


def test_a_group_with_a_process_of_others_tells_nothing(machine: Machine) -> None:
    machine.group("session", 50, 60, io="8:0 rbytes=1000 wbytes=0\n")
    machine.look(a={50})
    assert machine.traffic.moved("a") == Moved()


def test_a_job_with_one_group_that_is_not_its_own_is_not_told_in_part(machine: Machine) -> None:
    machine.group("session", 51, 60, io="8:0 rbytes=1000 wbytes=0\n")
    machine.group("job", 50, io="8:0 rbytes=1000 wbytes=0\n")
    machine.look(a={50, 51})
    assert machine.traffic.moved("a").read_bytes is None


def test_a_job_that_ended_is_forgotten(machine: Machine) -> None:
    machine.group("job", 50, io="8:0 rbytes=1000 wbytes=0\n")
    machine.look(a={50})
    machine.traffic.forget("a")
    assert machine.traffic.moved("a") == Moved()
