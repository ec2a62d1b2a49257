"""Which network namespace has an address, in trees that stand for other machines."""

import pytest
from tests.discovery.conftest import Procfs
from tests.discovery.serving.spaces_tree import IPV6, Host

from joulebook.discovery.serving.spaces import AGAIN, Spaces

FIRST = "172.17.0.2"


@pytest.fixture
def host(procfs: Procfs) -> Host:
    made = Host(procfs)
    made.process(1)
    return made


@pytest.mark.parametrize("name", ["127.0.0.1", "127.9.9.9", "::", "::1", "localhost", "gpu-7"])
def test_loopback_and_names_are_ours_and_nothing_is_looked_up(host: Host, name: str) -> None:
    assert Spaces(host.procfs.root).having(name) == (None,)


def test_our_own_address_is_ours_also_if_another_namespace_has_it(host: Host) -> None:
    host.space("7", "192.0.2.2")
    host.process(50, "7")
    assert Spaces(host.procfs.root).having("192.0.2.2") == (None,)


@pytest.mark.parametrize("address", [FIRST, "172.17.0.9", "fd00:1::2", "::ffff:172.17.0.2"])
def test_the_namespace_of_a_container_is_found_by_its_addresses(host: Host, address: str) -> None:
    host.space("7", FIRST, "172.17.0.9", ipv6=IPV6)
    for pid in (51, 50):
        host.process(pid, "7")
    assert Spaces(host.procfs.root).having(address) == (50,)


@pytest.mark.parametrize("address", ["172.17.0.0", "172.17.255.255", "172.17.0.20", "2.17.0.2"])
def test_an_address_that_is_only_routed_there_or_looks_alike_is_not_its(
    host: Host, address: str
) -> None:
    host.space("7", FIRST)
    host.process(50, "7")
    assert Spaces(host.procfs.root).having(address) == ()


def test_two_containers_with_one_address_are_both_told(host: Host) -> None:
    for pid, space in ((50, "7"), (60, "8")):
        host.space(space, FIRST)
        host.process(pid, space)
    assert Spaces(host.procfs.root).having(FIRST) == (50, 60)


def test_when_who_stands_for_a_namespace_left_another_does(host: Host) -> None:
    host.space("7", FIRST)
    for pid in (50, 51):
        host.process(pid, "7")
    spaces = Spaces(host.procfs.root)
    assert spaces.having(FIRST) == (50,)
    host.ends(50)
    assert spaces.having(FIRST) == (51,)


def test_an_address_that_nobody_has_is_looked_for_again_now_and_then(host: Host) -> None:
    spaces = Spaces(host.procfs.root)
    assert spaces.having(FIRST) == ()
    host.space("7", FIRST)
    host.process(50, "7")
    assert [spaces.having(FIRST) for _ in range(AGAIN + 1)][-2:] == [(), (50,)]


def test_where_nobody_tells_our_addresses_all_are_taken_for_ours(procfs: Procfs) -> None:
    assert Spaces(procfs.root).having(FIRST) == (None,)
