"""What the doctor tells of the finding of jobs."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.discovery.kube.api_server import TLS, ApiServer, item
from tests.discovery.kube.kubelet_stand_in import KubeletStandIn

from joulebook.cli.doctor_discovery import find, pods_told
from joulebook.cli.doctor_discovery_text import lines_of
from joulebook.clock import SystemClock
from joulebook.discovery.kube.api import Access, Api
from joulebook.discovery.kube.cluster import Cluster
from joulebook.settings import load

Command = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = Path(__file__).parents[1] / "fakes" / "inference_server.py"
ON = {"JOULEBOOK_DISCOVER": "true"}
SOCKET = "JOULEBOOK_KUBELET_SOCKET"


def test_without_discovery_it_says_so_and_asks_nobody(joulebook: Command) -> None:
    told = json.loads(joulebook("doctor", "--json", JOULEBOOK_DISCOVER="false").stdout)
    assert told["discovery"] is None
    done = joulebook("doctor", JOULEBOOK_DISCOVER="false", **{SOCKET: "/nowhere.sock"})
    assert "jobs are not looked for (discover is false)" in done.stdout
    assert "kubelet at" not in done.stdout


# ---- environments

_AS_NOBODY = """
import json, os, pathlib
from joulebook.cli.doctor_discovery import environments
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print(json.dumps(environments(pathlib.Path("/proc"))))
"""


def test_who_may_not_read_environments_of_others_is_told_what_it_takes(
    run_python: Command,
) -> None:
    environments = json.loads(run_python(_AS_NOBODY).stdout)
    assert environments["readable"] < environments["processes"]  # the first process is root's
    found = {**nothing_asked(), "environments": environments}
    (line,) = [line for line in lines_of(found) if "environments" in line]
    assert f"{environments['readable']} of {environments['processes']} can be read" in line
    assert "CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE" in line


def test_who_has_the_rights_is_not_told_to_get_them_for_the_few_that_are_closed_to_all() -> None:
    found = {**nothing_asked(), "environments": {"processes": 9, "readable": 8}}
    (line,) = [line for line in lines_of(found) if "environments" in line]
    assert "8 of 9 can be read" in line
    assert "CAP_" not in line


def test_root_may_read_them(joulebook: Command) -> None:
    if os.geteuid():
        pytest.skip("needs root")
    other = subprocess.Popen(["sleep", "600"], user=65534)
    try:
        told = json.loads(joulebook("doctor", "--json", **ON).stdout)["discovery"]
        environments = told["environments"]
        assert environments["readable"] == environments["processes"] >= 1
        assert "environments of other users: can be read, of" in joulebook("doctor", **ON).stdout
    finally:
        other.kill()
        other.wait()


def test_where_nobody_else_has_a_process_nothing_is_said_to_be_readable() -> None:
    found = {**nothing_asked(), "environments": {"processes": 0, "readable": 0}}
    assert "environments of other users: none of their processes is to be seen" in lines_of(found)


def nothing_asked() -> dict[str, Any]:
    slurm = {"cluster": None, "source": None, "gpu_dir": None}
    return {"slurm": slurm, "kubelet": None, "kubernetes_api": None, "serving": []}


# ---- Slurm


def slurm_of(folder: Path, **environ: str) -> tuple[dict[str, Any], list[str]]:
    """What is found, and the lines about it, with a configuration of Slurm in a folder."""
    settings = load({}, environ={"HOME": str(folder), **environ})
    found = find(settings, SystemClock(), "node-1", [folder / "no.conf", folder / "slurm.conf"])
    assert found is not None
    return found["slurm"], [line for line in lines_of(found) if line.startswith("Slurm")]


def test_the_name_of_a_cluster_is_told_with_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "slurm.conf").write_text("# ours\nClusterName=alps\n")
    told, lines = slurm_of(tmp_path)
    assert (told["cluster"], told["source"]) == ("alps", f"ClusterName in {tmp_path}/slurm.conf")
    assert lines == [f"Slurm: cluster alps (ClusterName in {tmp_path}/slurm.conf)"]


def test_a_setting_that_names_the_cluster_wins(tmp_path: Path) -> None:
    (tmp_path / "slurm.conf").write_text("ClusterName=alps\n")
    told, _ = slurm_of(tmp_path, JOULEBOOK_SLURM_CLUSTER="fuji")
    assert told["cluster"] == "fuji"
    assert told["source"] == "environment JOULEBOOK_SLURM_CLUSTER"


def test_where_nothing_names_a_cluster_it_says_what_that_means(tmp_path: Path) -> None:
    told, (line,) = slurm_of(tmp_path)
    assert told["cluster"] is None
    assert "set slurm_cluster" in line


def test_a_folder_of_the_prolog_that_is_not_there_is_named(tmp_path: Path) -> None:
    gpus = tmp_path / "gpus"
    told, lines = slurm_of(tmp_path, JOULEBOOK_SLURM_GPU_DIR=str(gpus))
    assert told["gpu_dir"] == {"path": str(gpus), "exists": False}
    assert f"there is no folder {gpus}" in lines[1]
    gpus.mkdir()
    told, lines = slurm_of(tmp_path, JOULEBOOK_SLURM_GPU_DIR=str(gpus))
    assert told["gpu_dir"]["exists"] is True
    assert lines[1] == f"Slurm: GPUs of jobs are written down in {gpus}"


# ---- Kubernetes


@pytest.fixture
def kubelet() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="jb-") as folder:  # a socket's path must be short
        socket = Path(folder) / "kubelet.sock"
        stand_in = KubeletStandIn(socket)
        yield socket
        stand_in.stop()


def test_a_kubelet_that_answers_is_told_with_what_it_knows(
    joulebook: Command, kubelet: Path
) -> None:
    told = json.loads(joulebook("doctor", "--json", **ON, **{SOCKET: str(kubelet)}).stdout)
    assert told["discovery"]["kubelet"] == {
        "socket": str(kubelet),
        "gpu_pods": 0,
        "problem": None,
    }
    text = joulebook("doctor", **ON, **{SOCKET: str(kubelet)}).stdout
    assert f"the kubelet at {kubelet} tells of 0 pods with a GPU" in text


def test_a_kubelet_that_does_not_answer_is_told_with_what_to_do(joulebook: Command) -> None:
    pytest.importorskip("grpc", reason="grpcio is not installed")
    told = json.loads(joulebook("doctor", "--json", **ON, **{SOCKET: "/nowhere.sock"}).stdout)
    problem = told["discovery"]["kubelet"]["problem"]
    assert "the kubelet at /nowhere.sock did not answer" in problem
    assert told["discovery"]["kubelet"]["gpu_pods"] is None
    assert problem in joulebook("doctor", **ON, **{SOCKET: "/nowhere.sock"}).stdout


def test_an_api_server_that_cannot_be_asked_is_told_with_the_reason(joulebook: Command) -> None:
    told = {**ON, "JOULEBOOK_KUBERNETES_API": "https://127.0.0.1:9"}
    found = json.loads(joulebook("doctor", "--json", **told).stdout)["discovery"]
    api = found["kubernetes_api"]
    assert (api["url"], api["pods"]) == ("https://127.0.0.1:9", None)
    assert api["problem"]
    assert api["problem"] in joulebook("doctor", **told).stdout


def test_an_api_server_that_answers_is_told_with_its_pods_and_the_clusters_name(
    tmp_path: Path,
) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    server = ApiServer()
    try:
        server.lists(item("train-1", "0c1d2e3f-1111-2222-3333-444444444444"))
        access = Access("127.0.0.1", server.port, token, TLS / "authority.pem")
        told = pods_told(Cluster(Api(access, SystemClock()), "node-1", "lab"))
    finally:
        server.close()
    assert told == {"pods": 1, "clusters": ["lab"], "problem": None}
    api = {"url": "https://kubernetes.default.svc", "node": "node-1", **told}
    quiet = {"processes": 0, "readable": 0}
    lines = lines_of({**nothing_asked(), "environments": quiet, "kubernetes_api": api})
    told_of = "tells of 1 pod of node-1 in the cluster lab"
    assert lines[-1] == f"the API server at https://kubernetes.default.svc {told_of}"


# ---- inference servers


@pytest.fixture
def serving(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    (tmp_path / "asked").write_text("0")
    words = [sys.executable, str(PROGRAM), "0", str(tmp_path / "asked")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.communicate()


def test_the_page_of_an_inference_server_is_told_with_whose_it_is(
    serving: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    assert serving.stdout is not None
    url = f"http://127.0.0.1:{int(serving.stdout.readline())}/metrics"
    pages = f"{url},http://127.0.0.1:9/metrics"
    settings = load({}, environ={"HOME": str(tmp_path), "JOULEBOOK_SERVING_URL": pages})
    found = find(settings, SystemClock(), "node-1", [])
    assert found is not None
    there, gone = found["serving"]
    assert (there["server"], there["pids"], there["problem"]) == ("vLLM", (serving.pid,), None)
    assert gone["server"] is None
    assert lines_of(found)[-2:] == [f"{url}: vLLM, processes {serving.pid}", gone["problem"]]
