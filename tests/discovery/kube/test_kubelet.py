"""The kubelet's socket, over real gRPC."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.discovery.kube.kubelet_stand_in import KubeletStandIn
from tests.discovery.kube.published import container, pod, response

from joulebook.discovery.kube.kubelet import Kubelet
from joulebook.discovery.kube.resources import Allotted
from joulebook.discovery.kube.unanswered import Unanswered

GPU = "GPU-aaaaaaaa-1111-2222-3333-444444444444"


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "kubelet.sock"


@pytest.fixture
def stand_in(socket: Path) -> Iterator[KubeletStandIn]:
    made = KubeletStandIn(socket)
    yield made
    made.stop()


def test_the_kubelet_tells_which_pod_has_which_gpu(stand_in: KubeletStandIn, socket: Path) -> None:
    stand_in.answer = response([pod("train-0", container(("nvidia.com/gpu", [GPU]))), pod("web")])
    assert Kubelet(socket).allotted() == (Allotted("research", "train-0", (GPU,)),)


def test_a_kubelet_without_pods_gives_none(stand_in: KubeletStandIn, socket: Path) -> None:
    assert Kubelet(socket).allotted() == ()
    assert stand_in.asked == 1


def test_an_answer_beyond_the_four_mib_that_grpc_takes_by_itself_is_read(
    stand_in: KubeletStandIn, socket: Path
) -> None:
    stand_in.answer = response(
        [pod("x" * (5 << 20)), pod("a", container(("nvidia.com/gpu", [GPU])))]
    )
    assert [one.name for one in Kubelet(socket).allotted()] == ["a"]


def test_an_answer_that_is_no_message_is_refused(stand_in: KubeletStandIn, socket: Path) -> None:
    stand_in.answer = b"\x0a\xff"
    with pytest.raises(Unanswered, match="cannot be read"):
        Kubelet(socket).allotted()


def test_where_no_kubelet_listens_the_text_names_the_socket(socket: Path) -> None:
    pytest.importorskip("grpc", reason="grpcio is not installed")
    with pytest.raises(
        Unanswered, match=rf"{socket} did not answer \(UNAVAILABLE\): let the agent"
    ):
        Kubelet(socket).allotted()


def test_a_kubelet_that_knows_no_such_question_is_too_old(
    stand_in: KubeletStandIn, socket: Path
) -> None:
    stand_in.refusal = "UNIMPLEMENTED"
    with pytest.raises(Unanswered, match=r"must be of 1\.20 or newer"):
        Kubelet(socket).allotted()


def test_a_kubelet_that_comes_back_is_heard_at_once(socket: Path) -> None:
    stand_in = KubeletStandIn(socket)
    kubelet = Kubelet(socket)
    stand_in.stop()
    with pytest.raises(Unanswered):
        kubelet.allotted()
    again = KubeletStandIn(socket, response([pod("a", container(("nvidia.com/gpu", [GPU])))]))
    try:
        assert len(kubelet.allotted()) == 1
    finally:
        again.stop()


def test_without_grpc_the_text_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "grpc.py").write_text("raise ImportError('not here')\n")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from joulebook.discovery.kube.kubelet import Kubelet\n"
        "from joulebook.errors import AgentError\n"
        "try: Kubelet()\nexcept AgentError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'joulebook[kubernetes]'" in done.stdout


def test_what_asks_the_cluster_is_loaded_with_the_first_question_not_before() -> None:
    code = (
        "import sys\nimport joulebook.discovery.kube.kubelet, joulebook.discovery.kube.cluster\n"
        "import joulebook.discovery.kube.known, joulebook.discovery.kube.folders\n"
        "print({'grpc', 'http.client', 'ssl', 'random'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
