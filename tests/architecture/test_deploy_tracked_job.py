"""A pod that tracks itself, as the manifest has it: what it is told, and by whom it is measured."""

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.podinfo import UID, formatted, written

from joulebook.settings import load
from joulebook.settings.ranks import PodJob
from joulebook.settings.sockets import SYSTEM
from joulebook.tracking.pod import own_pod

FOLDER = Path("deploy/kubernetes")
#: What the controller of Jobs writes on each of its pods.
JOB_NAME = "batch.kubernetes.io/job-name"


def read(path: Path) -> dict[str, dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="needs PyYAML")
    found = yaml.safe_load_all(path.read_text(encoding="utf-8"))
    return {one["kind"]: one for one in found}


@pytest.fixture
def job(root: Path) -> dict[str, Any]:
    return read(root / FOLDER / "tracked-job.yaml")["Job"]


@pytest.fixture
def container(job: dict[str, Any]) -> dict[str, Any]:
    (found,) = job["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@pytest.fixture
def mounted(job: dict[str, Any], container: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Volumes by where they are mounted; each is read alone."""
    volumes = {one["name"]: one for one in job["spec"]["template"]["spec"]["volumes"]}
    assert all(one["readOnly"] for one in container["volumeMounts"])
    return {one["mountPath"]: volumes.pop(one["name"]) for one in container["volumeMounts"]}


def told(job: dict[str, Any]) -> dict[str, str]:
    """What a kubelet knows of a pod of the job, by the path of the field."""
    pod, name = job["spec"]["template"]["metadata"], job["metadata"]["name"]
    return {
        "metadata.uid": UID,
        "metadata.namespace": job["metadata"]["namespace"],
        "metadata.name": f"{name}-x7k2p",
        "metadata.labels": formatted({**pod["labels"], JOB_NAME: name}),
        "metadata.annotations": formatted(pod["annotations"]),
    }


def test_a_tracker_reads_from_the_volume_which_job_it_is_part_of_and_what_it_is(
    job: dict[str, Any],
    container: dict[str, Any],
    mounted: dict[str, dict[str, Any]],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    environ = {one["name"]: one["value"] for one in container["env"]}
    settings = load(environ={"HOME": str(tmp_path), **environ})
    items = mounted[str(settings.podinfo_dir)]["downwardAPI"]["items"]
    fields = told(job)
    texts = {one["path"]: fields[one["fieldRef"]["fieldPath"]] for one in items}
    found = own_pod(written(tmp_path / "podinfo", texts))
    assert found.job == PodJob("k8s:default/job/train", owned=True)
    labels = found.labels
    assert (labels.model, labels.variant) == ("meta-llama/Llama-3-8B", "float32")
    assert (labels.project, labels.kind) == ("nlp", "training")
    assert caplog.messages == []


def test_it_finds_the_agent_of_the_daemon_set_where_a_tracker_looks(
    root: Path, mounted: dict[str, dict[str, Any]]
) -> None:
    spec = read(root / FOLDER / "daemonset.yaml")["DaemonSet"]["spec"]["template"]["spec"]
    (agent,) = spec["containers"]
    told = {one["name"]: one.get("value") for one in agent["env"]}
    assert told["JOULEBOOK_AGENT_SOCKET"] == str(SYSTEM)
    folders = {one["hostPath"]["path"] for one in spec["volumes"] if "hostPath" in one}
    assert mounted[str(SYSTEM.parent)]["hostPath"]["path"] in folders


def test_tracking_takes_no_right_and_no_account_of_its_own(
    job: dict[str, Any], container: dict[str, Any]
) -> None:
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]
