"""Ranks of one job: their energy and their work add up in one job."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

RANK = """
    hold()
    with joulebook.track(model="m", kind="training") as run:
        clock.write_text(str(int(clock.read_text()) + 5_000_000))
        run.log(work={"samples": 100})
"""


def test_work_and_energy_of_two_processes_of_one_job_add_up(
    start_server: "StartServer", on_gpu: Callable[..., str]
) -> None:
    server = start_server()
    for _ in range(2):
        on_gpu(RANK, JOULEBOOK_SERVER=server.url, JOULEBOOK_JOB_ID="job-7")
    (job,) = server.get("/v1/jobs")["jobs"]
    assert job["uid"] == "job-7"
    assert job["work"] == {"samples": 200.0}
    (row,) = server.get("/v1/reports?group_by=job&filter=component:gpu&filter=bucket:job")["rows"]
    assert int(row["energy_uj"]) == 2 * 5 * 250 * 1_000_000
