"""Where a process runs, from recorded texts of its cgroup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.discovery.pod_sights import SIGHTS
from tests.discovery.trees import POD, RECORDED, A, version_1, version_2

from joulebook.discovery.containers import container_uid
from joulebook.discovery.place import ContainerPlace, Place, PodPlace, SlurmPlace, place_of

PIECES = [
    *("/slurm", "/uid_0", "/job_1", "/step_batch", "/slurmstepd.scope", "/kubepods", "/pod"),
    *(
        "-pod",
        A,
        A[:32],
        "/docker/",
        "libpod-",
        ":",
        "\n",
        "0::",
        "_",
        " ",
        "/..",
        "²",
        "٣",
        "9" * 5000,
    ),
]


@pytest.mark.parametrize(("cgroup", "place"), RECORDED.values(), ids=RECORDED.keys())
def test_a_cgroup_tells_where_a_process_runs(cgroup: str, place: Place | None) -> None:
    assert place_of(cgroup) == place


@pytest.mark.parametrize("path", SIGHTS.values(), ids=SIGHTS.keys())
def test_a_pod_is_told_on_its_host_and_from_another_pod(path: str) -> None:
    assert place_of(version_2(path)) == PodPlace(POD, A)


@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
def test_no_text_is_an_error(cgroup: str) -> None:
    for text in (cgroup, f"0::{cgroup}"):
        found = place_of(text)
        assert found is None or isinstance(found, SlurmPlace | PodPlace | ContainerPlace)
        assert place_of(text) == found


@pytest.mark.parametrize(
    "path",
    [
        f"/docker/{A}0",
        f"/docker/{A[:63]}",
        f"/mydocker-{A}.scope",
        f"/system.slice/a{A}.scope",
        f"/pod{A}/x",
        "/kubepods/burstable",
        "/podium.slice/pod.scope",
        "/slurm/uid_0/job_x/step_0",
        "/uid_0/job_7/step_0",
        "/slurmstepd.scope/job_7x/step_0",
        "/slurmstepd.scope/sEKNKTV3WPV50/step_0",
        "/slurmstepd.scope/sEKNKTV3WPVI00/step_0",
    ],
)
def test_what_only_looks_like_a_manager_is_none(path: str) -> None:
    assert place_of(version_2(path)) is None
    assert place_of(version_1(path)) is None


@pytest.mark.parametrize(
    "path",
    [
        "slurmstepd.scope/job_42/step_0",
        "slurm/uid_0/job_7/step_batch",
        f"kubepods/pod{POD}",
        f"kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice",
    ],
)
@pytest.mark.parametrize("root", ["", "/..", "/../../.."])
def test_what_a_user_calls_a_cgroup_of_his_own_makes_it_no_managers(path: str, root: str) -> None:
    his = f"{root}/user.slice/user-1001.slice/user@1001.service/{path}"
    assert place_of(version_2(his)) is None
    assert place_of(version_2(f"{his}/{A}")) == ContainerPlace("unknown", A, 1001)


def test_a_container_that_a_user_calls_like_anothers_is_another_job() -> None:
    his = place_of(version_2(f"/user.slice/user-1001.slice/user@1001.service/docker-{A}.scope"))
    roots = place_of(version_2(f"/system.slice/docker-{A}.scope"))
    assert isinstance(his, ContainerPlace)
    assert isinstance(roots, ContainerPlace)
    assert container_uid(his) == f"container:docker:1001:{A[:12]}"
    assert container_uid(roots) == f"container:docker:{A[:12]}"


def test_only_what_a_pod_sees_of_its_siblings_needs_no_name_of_the_kubelets_folder() -> None:
    assert place_of(version_2(f"/../../pod{POD}")) == PodPlace(POD)
    assert place_of(version_2(f"/pod{POD}/tasks")) is None
    assert place_of(version_2(f"/../../machine/pod{POD}/tasks")) is None


def test_a_job_is_told_by_its_number_or_by_an_id_of_another_form() -> None:
    assert SlurmPlace("7").numbered
    assert not SlurmPlace("sEKNKTV3WPV500").numbered
