"""Whose a page is, in containers and behind proxies of Docker's."""

import pytest
from tests.discovery.conftest import Procfs
from tests.discovery.serving.spaces_tree import Host, listening

from joulebook.core.serving_target import serving_targets
from joulebook.discovery.serving.keepers import Keepers, Kept

PROXY = (
    "/usr/bin/docker-proxy -proto tcp -host-ip {host} -host-port 8000 "
    "-container-ip {to} -container-port 80"
)
ANY = "0.0.0.0"  # noqa: S104 - nobody listens there
OURS = "192.0.2.2"


@pytest.fixture
def host(procfs: Procfs) -> Host:
    """A host with two containers: a server on port 80 in each, and a helper in the first."""
    made = Host(procfs)
    made.process(1)
    made.space("7", "172.17.0.2", tcp=listening(80, 77))
    made.space("8", "172.17.0.3", tcp=listening(80, 88))
    made.process(50, "7")
    made.process(51, "7", holds=77)
    made.process(60, "8", holds=88)
    return made


def kept(host: Host, text: str) -> Kept:
    (target,) = serving_targets(text)
    return Keepers(host.procfs.root).of(target)


def pids(found: Kept) -> list[int]:
    assert found.holders is not None
    return sorted(pid for pid, _ in found.holders)


def proxies(host: Host, *several: tuple[int, str, str]) -> None:
    """Processes that listen on port 8000, each of an address, for a container."""
    lines = ""
    for pid, of, to in several:
        lines += listening(8000, pid)
        host.process(pid, holds=pid, command=PROXY.format(host=of, to=to))
    host.space("ours", OURS, tcp=lines)


def test_a_page_at_the_address_of_a_container_is_of_who_listens_in_it(host: Host) -> None:
    found = kept(host, "http://172.17.0.2:80/metrics")
    assert (pids(found), found.why) == ([51], None)
    assert pids(kept(host, "http://172.17.0.3/metrics")) == [60]


def test_a_port_may_be_named_in_the_container(host: Host) -> None:
    assert pids(kept(host, "http://172.17.0.2:8080/metrics port=80")) == [51]


def test_a_port_of_docker_is_of_who_listens_in_the_container(host: Host) -> None:
    proxies(host, (30, ANY, "172.17.0.3"), (31, "::", "172.17.0.3"))
    found = kept(host, "http://127.0.0.1:8000/metrics")
    assert (pids(found), found.why) == ([60], None)


def test_of_containers_with_one_port_on_two_addresses_that_of_the_address_is_meant(
    host: Host,
) -> None:
    proxies(host, (30, "127.0.0.1", "172.17.0.2"), (31, OURS, "172.17.0.3"))
    assert pids(kept(host, "http://127.0.0.1:8000/metrics")) == [51]
    assert pids(kept(host, f"http://{OURS}:8000/metrics")) == [60]


def test_a_process_that_only_mentions_an_address_is_no_proxy(host: Host) -> None:
    host.space("ours", OURS, tcp=listening(8000, 30))
    host.process(30, holds=30, command="python -container-ip 172.17.0.2")
    assert pids(kept(host, "http://127.0.0.1:8000/metrics")) == [30]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://172.17.0.2:81/m", "another network namespace of this host, where nobody listens"),
        ("http://10.9.9.9:80/m", "10.9.9.9 is no address of this host; name the port"),
        ("http://10.9.9.9:80/m port=81", "no process of this host listens on port 81"),
        ("http://127.0.0.1:80/m", "no process of this host listens on port 80; name"),
        ("http://127.0.0.1:80/m pid=99", "process 99 is not there; name one"),
    ],
)
def test_where_nobody_is_found_it_is_said_what_to_do(host: Host, text: str, reason: str) -> None:
    found = kept(host, text)
    assert (pids(found), reason in str(found.why)) == ([], True)


def test_a_proxy_whose_container_is_not_found_is_not_taken_for_the_server(host: Host) -> None:
    proxies(host, (30, ANY, "172.17.0.9"))
    found = kept(host, "http://127.0.0.1:8000/metrics")
    assert pids(found) == []
    assert "hands port 8000 on to 172.17.0.9:80, and who listens there is not found" in str(
        found.why
    )


def test_a_server_in_a_container_of_another_user_is_unknown_and_not_nobody(host: Host) -> None:
    (host.procfs.root / "51/fd/3").unlink()
    found = kept(host, "http://172.17.0.2:80/metrics")
    assert found.holders is None
    assert "port 80 cannot be seen; run as root" in str(found.why)
