"""Who is asked for pods, by what is set."""

from pathlib import Path

import pytest
from tests.discovery.kube.kubelet_stand_in import KubeletStandIn
from tests.discovery.kube.published import container, pod, response

from joulebook.agent.finding import pods_of
from joulebook.clock import ManualClock
from joulebook.discovery.kube.known import KnownPods
from joulebook.settings import load


def pods(folder: Path, **environ: str) -> KnownPods | None:
    return pods_of(load(environ={"HOME": str(folder), **environ}), ManualClock(), "node-1")


def test_where_neither_kubelet_nor_api_server_is_set_nobody_is_asked(tmp_path: Path) -> None:
    assert pods(tmp_path) is None


def test_a_kubelet_alone_tells_whose_a_gpu_is(tmp_path: Path) -> None:
    gave = response([pod("a", container(("nvidia.com/gpu", ["GPU-1"])))])
    kubelet = KubeletStandIn(tmp_path / "k.sock", gave)
    try:
        known = pods(tmp_path, JOULEBOOK_KUBELET_SOCKET=str(tmp_path / "k.sock"))
        assert known is not None
        known.look()
    finally:
        kubelet.stop()
    assert list(known.gpus()) == ["GPU-1"]


def test_an_api_server_without_an_account_is_told_and_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known = pods(tmp_path, JOULEBOOK_KUBERNETES_API="https://127.0.0.1:1")
    assert known is not None
    assert known.pod("uid-a") is None
    known.look()
    assert known.waits("uid-a")
    (line,) = caplog.messages
    assert "serviceaccount" in line
