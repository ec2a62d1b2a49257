"""Imported readings, whole: a file, the command, a server, reports and the balance."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.endtoend.conftest import clean_environment

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

DOCUMENT = Path(__file__).parents[2] / "docs" / "import.md"
#: Of the document's example, µJ: of its job, and of the phone that lay there.
JOB_UJ, IDLE_UJ = 1_834_750_000, 12_500_000

GPU_JOB = """
    hold()
    with joulebook.track(model="on-gpu", kind="inference"):
        clock.write_text(str(int(clock.read_text()) + 10_000_000))
"""


@pytest.fixture
def joulebook(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs a command that prints JSON."""
    example = re.findall(r"```csv\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "readings.csv").write_text(example[0], encoding="utf-8")

    def run(*words: str, **more: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "joulebook", *words, "--json"],
            env={**clean_environment(tmp_path), **more},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    return run


Joulebook = Callable[..., dict[str, Any]]


def test_reports_and_jobs_show_imported_energy_with_its_method(
    start_server: "StartServer", joulebook: Joulebook
) -> None:
    server = start_server("--zone", "FR")
    said = joulebook("import", "readings.csv", "--server", server.url)
    assert (said["sent"], said["duplicate"]) == (True, False)
    report = server.get("/v1/reports?group_by=model,variant&filter=bucket:job")
    (row,) = report["rows"]
    assert (row["model"], row["variant"], row["methods"]) == (
        *("mobilenet", "int8"),
        {"external": 1.0},
    )
    assert int(row["energy_uj"]) == JOB_UJ
    assert row["emissions_kg"] > 0
    assert row["energy_per_work_j"] == {"images": pytest.approx(JOB_UJ / 1e6 / 7500)}
    (job,) = server.get("/v1/jobs")["jobs"]
    assert (job["uid"], int(job["energy_uj"]), job["methods"], job["coverage"]) == (
        *("phone-int8", JOB_UJ),
        *({"external": 1.0}, 1.0),
    )
    assert (job["host_ids"], job["work"]) == (["external:pixel-8"], {"images": 7500.0})


def test_imported_energy_is_outside_the_balance(
    start_server: "StartServer", joulebook: Joulebook
) -> None:
    server = start_server()
    joulebook("import", "readings.csv", "--server", server.url)
    balance = server.get("/v1/ledger/balance")
    (phone,) = balance["devices"]
    assert (balance["exact"], phone["metered_uj"], phone["difference_uj"]) == (True, "0", "0")
    assert (phone["windows"], phone["parts_uj"], phone["breaks"]) == (0, {}, [])
    assert int(phone["external_uj"]) == JOB_UJ + IDLE_UJ


def test_a_server_answers_that_it_has_a_file_already(
    start_server: "StartServer", joulebook: Joulebook
) -> None:
    server = start_server()
    joulebook("import", "readings.csv", "--server", server.url)
    again = joulebook("import", "readings.csv", "--server", server.url)
    assert (again["sent"], again["duplicate"]) == (True, True)
    assert int(server.get("/v1/reports")["totals"]["energy_uj"]) == JOB_UJ + IDLE_UJ
    (phone,) = server.get("/v1/ledger/balance")["devices"]
    assert phone["claims"] == 0


def test_what_was_imported_without_a_server_comes_with_the_next_import_once(
    start_server: "StartServer", joulebook: Joulebook
) -> None:
    joulebook("import", "readings.csv")
    local = joulebook("report", "--group-by", "job")
    server = start_server()
    joulebook("import", "readings.csv", "--server", server.url)
    of_server = server.get("/v1/reports?group_by=job")
    for report in (local, of_server):
        assert {row["job"]: int(row["energy_uj"]) for row in report["rows"]} == {
            "phone-int8": JOB_UJ,
            None: IDLE_UJ,
        }


def test_a_file_that_was_imported_without_its_zone_can_be_imported_again_with_it(
    start_server: "StartServer", joulebook: Joulebook
) -> None:
    server = start_server()
    joulebook("import", "readings.csv", "--server", server.url)
    assert server.get("/v1/reports")["totals"]["emissions_kg"] is None
    joulebook("import", "readings.csv", "--server", server.url, "--zone", "FR")
    totals = server.get("/v1/reports")["totals"]
    assert totals["emissions_kg"] > 0
    assert int(totals["energy_uj"]) == JOB_UJ + IDLE_UJ
    (job,) = server.get("/v1/jobs")["jobs"]
    assert job["work"] == {"images": 7500.0}


def test_a_server_that_is_away_gets_it_with_the_next_tracked_job(
    start_server: "StartServer", joulebook: Joulebook, on_gpu: Callable[..., str]
) -> None:
    server = start_server()
    server.stop()
    said = joulebook("import", "readings.csv", "--server", server.url)
    assert said["sent"] is False
    assert "did not answer" in said["problem"]
    server = start_server()
    on_gpu(GPU_JOB, JOULEBOOK_SERVER=server.url)
    assert {job["model"] for job in server.get("/v1/jobs")["jobs"]} == {"mobilenet", "on-gpu"}


def test_where_an_agent_sends_to_a_server_an_import_goes_there_too(
    start_server: "StartServer", joulebook: Joulebook, tmp_path: Path
) -> None:
    server, socket = start_server(), str(tmp_path / "a.sock")
    words = ["agent", "--server", server.url, "--socket", socket]
    with subprocess.Popen(
        [sys.executable, "-m", "joulebook", *words],
        env=clean_environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as agent:
        assert agent.stdout is not None
        assert "ready on" in agent.stdout.readline()
        said = joulebook("import", "readings.csv", JOULEBOOK_AGENT_SOCKET=socket)
        agent.terminate()
    assert (said["server"], said["sent"]) == (server.url, True)


def test_an_import_touches_neither_coverage_nor_balance_of_what_is_measured(
    start_server: "StartServer",
    joulebook: Joulebook,
    on_gpu: Callable[..., str],
    tmp_path: Path,
) -> None:
    server = start_server()
    on_gpu(GPU_JOB, JOULEBOOK_SERVER=server.url)
    before = (server.get("/v1/reports")["totals"], server.get("/v1/ledger/balance")["devices"])
    weeks_apart = "start,duration_s,device,energy_j\n" + "".join(
        f"2001-0{month}-01T00:00:00Z,60,old-phone,5\n" for month in (1, 2, 3)
    )
    (tmp_path / "old.csv").write_text(weeks_apart, encoding="utf-8")
    joulebook("import", "old.csv", "--server", server.url)
    after = (server.get("/v1/reports")["totals"], server.get("/v1/ledger/balance")["devices"])
    assert after[0]["coverage"] == before[0]["coverage"]
    assert int(after[0]["energy_uj"]) == int(before[0]["energy_uj"]) + 15_000_000
    assert [one for one in after[1] if one["host"] != "external:old-phone"] == before[1]
