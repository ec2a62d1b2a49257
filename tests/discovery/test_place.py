"""Where a process runs, from recorded texts of its cgroup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.discovery.trees import RECORDED, A, version_1, version_2

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
        f"/system.slice/{A}",
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


def test_a_job_is_told_by_its_number_or_by_an_id_of_another_form() -> None:
    assert SlurmPlace("7").numbered
    assert not SlurmPlace("sEKNKTV3WPV500").numbered
