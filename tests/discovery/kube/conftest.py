"""A stand-in for the API server, and who asks it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.discovery.kube.api_server import TLS, ApiServer
from tests.discovery.kube.watch import Watch

from joulebook.clock import ManualClock
from joulebook.discovery.kube.api import Access, Api
from joulebook.discovery.kube.cluster import Cluster


@pytest.fixture
def server() -> Iterator[ApiServer]:
    made = ApiServer()
    yield made
    made.close()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first\n")
    return path


@pytest.fixture
def access(server: ApiServer, token_file: Path) -> Access:
    return Access("127.0.0.1", server.port, token_file, TLS / "authority.pem")


@pytest.fixture
def cluster(access: Access) -> Cluster:
    """It is told its name, so that nothing but pods is asked for."""
    return Cluster(Api(access, ManualClock()), "node-1", "lab")


@pytest.fixture
def watch() -> Watch:
    return Watch()
