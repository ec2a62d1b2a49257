"""The main job, whole: a sensor, a tracker, a server, a report."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.endtoend.conftest import Server

    StartServer = Callable[..., Server]

SECOND = 1_000_000

TEN_SECONDS = """
    hold()
    variant = joulebook.Variant("int8", method=["quantization"], scheme="W8A8")
    with joulebook.track(model="m", variant=variant, kind="inference") as run:
        clock.write_text(str(int(clock.read_text()) + 10_000_000))
        run.log(work={"samples": 2000}, quality={"accuracy": 0.9})
"""

INNER = """
import os, pathlib, joulebook
clock = pathlib.Path(os.environ["FAKE_NVML_CLOCK"])
def later():
    clock.write_text(str(int(clock.read_text()) + 5_000_000))
later()
with joulebook.track(model="inner", kind="evaluation"):
    later()
later()
"""

OUTER = """
    import subprocess, sys
    hold()
    with joulebook.track(model="outer", kind="training") as run:
        subprocess.run(
            [sys.executable, os.environ["INNER"]],
            env={**os.environ, "JOULEBOOK_PARENT": run.uid},
            check=True,
        )
"""


def gpu_row(report: dict[str, Any]) -> dict[str, Any]:
    (row,) = [row for row in report["rows"] if row["component"] == "gpu"]
    found: dict[str, Any] = row
    return found


def test_what_the_counter_moved_by_stands_in_the_report_under_model_and_variant(
    start_server: "StartServer", on_gpu: Callable[..., str]
) -> None:
    server = start_server("--zone", "FR")
    on_gpu(TEN_SECONDS, JOULEBOOK_SERVER=server.url)
    report = server.get("/v1/reports?group_by=model,variant,kind,component&filter=bucket:job")
    row = gpu_row(report)
    assert (row["model"], row["variant"], row["kind"]) == ("m", "int8", "inference")
    assert int(row["energy_uj"]) == 250 * 10 * SECOND
    assert row["methods"] == {"counter": 1.0}
    (factor,) = report["factors"]
    grams = 250 * 10 * SECOND / 3_600_000_000_000 * factor["intensity_g_per_kwh"]
    assert row["emissions_kg"] == pytest.approx(grams / 1000, rel=1e-12)


def test_the_balance_is_exact_and_names_the_time_that_nobody_watched(
    start_server: "StartServer", on_gpu: Callable[..., str]
) -> None:
    server = start_server()
    on_gpu(TEN_SECONDS, JOULEBOOK_SERVER=server.url)
    moved = "\n    clock.write_text(str(int(clock.read_text()) + 4_000_000))"
    on_gpu(moved + TEN_SECONDS, JOULEBOOK_SERVER=server.url)
    balance = server.get("/v1/ledger/balance")
    assert balance["exact"] is True
    (gpu,) = [device for device in balance["devices"] if device["device"] == "GPU-e2e"]
    assert int(gpu["metered_uj"]) == 2 * 250 * 10 * SECOND
    assert gpu["difference_uj"] == "0"
    (unwatched,) = gpu["breaks"]
    assert int(unwatched["energy_uj"]) == 250 * 4 * SECOND
    assert "nobody watched" in unwatched["reason"]


def test_what_was_measured_while_the_server_was_away_arrives_with_the_next_run(
    start_server: "StartServer", on_gpu: Callable[..., str]
) -> None:
    server = start_server()
    server.stop()
    said = on_gpu(TEN_SECONDS, JOULEBOOK_SERVER=server.url)
    assert "not sent yet" in said
    server = start_server()
    said = on_gpu(TEN_SECONDS, JOULEBOOK_SERVER=server.url)
    assert f"sent to {server.url}" in said
    row = gpu_row(server.get("/v1/reports?group_by=component&filter=bucket:job"))
    assert int(row["energy_uj"]) == 2 * 250 * 10 * SECOND
    assert len(server.get("/v1/jobs")["jobs"]) == 2


def test_the_local_report_and_the_servers_agree(
    start_server: "StartServer", on_gpu: Callable[..., str], tmp_path: Path
) -> None:
    on_gpu(TEN_SECONDS)
    local = joulebook_report(tmp_path)
    server = start_server()
    on_gpu(TEN_SECONDS, JOULEBOOK_SERVER=server.url)
    rows = server.get("/v1/reports?group_by=job,bucket")["rows"]
    jobs = {job["uid"] for job in server.get("/v1/jobs")["jobs"]}
    assert len(jobs) == 2
    of_server = {row["job"]: row["energy_uj"] for row in rows if row["bucket"] == "job"}
    of_local = {row["job"]: row["energy_uj"] for row in local["rows"] if row["bucket"] == "job"}
    assert of_local.items() <= of_server.items()


def joulebook_report(home: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "joulebook", "report", "--group-by", "job,bucket", "--json"],
        env={"HOME": str(home), "JOULEBOOK_STATE_DIR": str(home / "state")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_two_trackers_at_once_count_the_gpu_once(
    start_server: "StartServer", on_gpu: Callable[..., str], tmp_path: Path
) -> None:
    server = start_server()
    inner = tmp_path / "inner.py"
    inner.write_text(INNER, encoding="utf-8")
    on_gpu(OUTER, JOULEBOOK_SERVER=server.url, INNER=str(inner))
    balance = server.get("/v1/ledger/balance")
    assert balance["exact"] is True
    (gpu,) = [device for device in balance["devices"] if device["device"] == "GPU-e2e"]
    assert int(gpu["metered_uj"]) == 250 * 15 * SECOND
    jobs = {job["model"]: job for job in server.get("/v1/jobs")["jobs"]}
    assert jobs["inner"]["parent"] == jobs["outer"]["uid"]
    assert jobs["outer"]["children"] == [jobs["inner"]["uid"]]
