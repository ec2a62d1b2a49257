"""Whose a page is, with a real process in a real network namespace."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.discovery.serving.conftest import ServingProcess
from tests.fakes.network_space import missing, within

from joulebook.core.serving_target import serving_targets
from joulebook.discovery.serving.keepers import Keepers

ADDRESSES = ("10.213.77.88", "fd00:213::88")
# Listens on a port of ours, with the words of Docker's proxy.
PROXY = """
import socket
with socket.create_server(("127.0.0.1", 0)) as listening:
    print(listening.getsockname()[1], flush=True)
    input()
"""


@pytest.fixture
def contained(start: Callable[..., ServingProcess], tmp_path: Path) -> ServingProcess:
    """A server that listens on loopback in a namespace of its own, which has two addresses."""
    if (reason := missing()) is not None:
        pytest.skip(reason)
    return start(tmp_path / "page", within=within("10.213.77.88/32", "fd00:213::88/128"))


def keepers_of(text: str) -> list[int]:
    found = Keepers(Path("/proc")).of(serving_targets(text)[0])
    return sorted(pid for pid, _ in found.holders or ())


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_server_in_a_namespace_is_found_by_its_address(
    contained: ServingProcess, address: str
) -> None:
    host = f"[{address}]" if ":" in address else address
    if ":" in address and not _has_ipv6(contained.pid):
        pytest.skip("no IPv6 in a new network namespace here")
    assert keepers_of(f"http://{host}:{contained.port}/metrics") == [contained.pid]


def test_its_port_is_not_one_of_ours(contained: ServingProcess) -> None:
    assert keepers_of(f"http://127.0.0.1:{contained.port}/metrics") == []


def test_behind_a_port_of_dockers_proxy_it_is_found(contained: ServingProcess) -> None:
    words = ("-container-ip", ADDRESSES[0], "-container-port", str(contained.port))
    with subprocess.Popen(
        [sys.executable, "-c", PROXY, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as proxy:
        assert proxy.stdout is not None
        port = int(proxy.stdout.readline())
        assert keepers_of(f"http://127.0.0.1:{port}/metrics") == [contained.pid]
        proxy.communicate("\n", timeout=60)


def _has_ipv6(pid: int) -> bool:
    told = Path(f"/proc/{pid}/net/if_inet6")
    return told.exists() and "fd0002130000" in told.read_text()
