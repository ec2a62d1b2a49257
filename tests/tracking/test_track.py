"""`joulebook.track` as a user meets it: real processes, this machine's own sensors."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool
from joulebook.wire import Batch


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A clean environment whose ledger lies in the test's folder."""
    kept = {name: value for name, value in os.environ.items() if "JOULEBOOK" not in name}  # noqa: TID251 - a test hands it to a real process
    return {**kept, "JOULEBOOK_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def spooled(environment: dict[str, str]) -> list[Batch]:
    state = Path(environment["JOULEBOOK_STATE_DIR"])
    found = [Spool(path, SystemClock()) for path in state.glob("tracker-*.db")]
    return [batch for spool in found for batch in spool.entries()]


BURN = """
    import time
    def burn(seconds):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            pass
"""


def test_the_users_exception_goes_on_unchanged(environment: dict[str, str]) -> None:
    done = python(
        """
        import joulebook
        mine = KeyError("theirs")
        try:
            with joulebook.track(model="m"):
                raise mine
        except KeyError as error:
            print(error is mine, error.__context__)
        """,
        environment,
    )
    assert done.stdout.strip() == "True None"


def test_a_decorated_function_keeps_its_name_and_its_answer(environment: dict[str, str]) -> None:
    done = python(
        """
        import asyncio, joulebook

        @joulebook.track(model="m", kind="inference")
        def answer(question): "Doc."; return question * 2

        @joulebook.track
        async def later(): return "later"

        @joulebook.track(kind="data")
        def rows(): yield from range(3)

        print(answer(21), answer.__name__, answer.__doc__, asyncio.run(later()), list(rows()))
        """,
        environment,
    )
    assert done.stdout.strip() == "42 answer Doc. later [0, 1, 2]"
    assert done.stderr.count("joulebook: ") == 3


def test_a_run_leaves_one_line_and_one_job_with_its_labels(environment: dict[str, str]) -> None:
    done = python(
        BURN
        + """
    import joulebook
    variant = joulebook.Variant("int8", method=["quantization"], scheme="W8A8", parent="float32")
    with joulebook.track(model="digits", variant=variant, kind="inference", project="p") as run:
        burn(0.3)
        run.log(work={"samples": 10}, quality={"accuracy": 0.5})
        run.log(work={"samples": 5}, quality={"accuracy": 0.9})
    print(run.uid, run.energy_uj)
    """,
        environment,
    )
    uid, energy_uj = done.stdout.split()
    batch = spooled(environment)[-1]
    (job,) = batch.jobs
    assert job.uid == uid
    assert (job.model, job.kind, job.project) == ("digits", "inference", "p")
    assert job.variant is not None
    assert (job.variant.label, job.variant.scheme) == ("int8", "W8A8")
    assert job.work == {"samples": 15}
    assert job.quality == {"accuracy": 0.9}
    assert job.ended_at is not None
    assert int(energy_uj) > 0
    assert len(done.stderr.splitlines()) == 1
    assert "coverage" in done.stderr
    assert "no zone set" in done.stderr


def test_labels_of_the_environment_fill_what_the_code_does_not_say(
    environment: dict[str, str],
) -> None:
    labels = {"JOULEBOOK_MODEL": "env-model", "JOULEBOOK_VARIANT": "w4", "JOULEBOOK_JOB_ID": "j-7"}
    python(
        """
        import joulebook
        with joulebook.track(kind="training"):
            with joulebook.track(kind="evaluation", model="own"):
                pass
        """,
        environment | labels,
    )
    jobs = {job.kind: job for batch in spooled(environment) for job in batch.jobs}
    assert jobs["training"].uid == "j-7"
    assert jobs["training"].model == "env-model"
    assert jobs["evaluation"].model == "own"
    assert jobs["evaluation"].parent == "j-7"
    assert jobs["evaluation"].variant is not None
    assert jobs["evaluation"].variant.label == "w4"


def test_a_zone_gives_grams_with_zone_and_year(environment: dict[str, str]) -> None:
    done = python(
        BURN + "\n    import joulebook\n    with joulebook.track(model='m'): burn(0.2)\n",
        environment | {"JOULEBOOK_ZONE": "FR"},
    )
    assert "CO2e (FR 20" in done.stderr


def test_an_unknown_zone_is_said_and_no_other_country_is_taken(
    environment: dict[str, str],
) -> None:
    done = python(
        "import joulebook\nwith joulebook.track(model='m'): pass\n",
        environment | {"JOULEBOOK_ZONE": "XX"},
    )
    assert done.returncode == 0
    assert "XX" in done.stderr
    assert "gCO2e" not in done.stderr.replace("\u2009", "")


def test_the_users_code_runs_where_nothing_can_be_written(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    done = python(
        """
        import joulebook
        with joulebook.track(model="m", kind="training") as run:
            run.log(work={"samples": 1})
            print("trained")
        """,
        environment | {"JOULEBOOK_STATE_DIR": str(tmp_path / "file" / "below")},
    )
    assert done.returncode == 0
    assert done.stdout.strip() == "trained"
    assert "joulebook" in done.stderr


def test_bad_settings_and_labels_are_warnings_in_the_users_job(
    environment: dict[str, str],
) -> None:
    bad = {"JOULEBOOK_WINDOW_S": "soon", "JOULEBOOK_ZOEN": "FR", "JOULEBOOK_KIND": "trainign"}
    done = python(
        """
        import joulebook
        with joulebook.track(model="m") as run:
            run.log(work={"samples": float("nan")}, quality={"loss": float("inf")})
            run.log(work={"samples": -1})
            print("trained")
        """,
        environment | bad,
    )
    assert done.stdout.strip() == "trained"
    assert "JOULEBOOK_ZONE" in done.stderr
    (job,) = spooled(environment)[-1].jobs
    assert (job.kind, job.work, job.quality) == ("other", {}, {})


def test_a_killed_process_leaves_its_windows_behind(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent("""
                import joulebook, time
                with joulebook.track(model="m") as run:
                    print(run.uid, flush=True)
                    time.sleep(60)
            """),
        ],
        env=environment | {"JOULEBOOK_WINDOW_S": "0.2", "JOULEBOOK_SAMPLE_S": "0.05"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    uid = process.stdout.readline().strip()
    while not any(batch.meters.device for batch in spooled(environment)):
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    batches = spooled(environment)
    assert any(batch.meters.energy_uj for batch in batches)
    assert {job.uid for batch in batches for job in batch.jobs} == {uid}
    assert all(job.ended_at is None for batch in batches for job in batch.jobs)


def test_a_forked_child_measures_nothing_for_its_parent(environment: dict[str, str]) -> None:
    done = python(
        """
        import os, joulebook
        with joulebook.track(model="m") as run:
            child = os.fork()
            if child:
                os.waitpid(child, 0)
        print("parent" if child else "child", run.energy_uj is not None)
        """,
        environment,
    )
    assert sorted(done.stdout.splitlines()) == ["child False", "parent True"]
    ended = [j for batch in spooled(environment) for j in batch.jobs if j.ended_at is not None]
    assert len(ended) == 1


def test_a_span_of_a_forked_child_is_a_child_of_the_enclosing_job(
    environment: dict[str, str],
) -> None:
    python(
        """
        import os, joulebook
        with joulebook.track(model="m", kind="training"):
            child = os.fork()
            if not child:
                with joulebook.track(kind="evaluation"):
                    pass
                os._exit(0)
            os.waitpid(child, 0)
        """,
        environment,
    )
    jobs = {job.kind: job for batch in spooled(environment) for job in batch.jobs}
    assert jobs["evaluation"].parent == jobs["training"].uid


def test_work_of_a_reaped_child_process_is_the_jobs(environment: dict[str, str]) -> None:
    done = python(
        """
        import json, subprocess, sys, joulebook
        code = "import time; t = time.process_time()\\nwhile time.process_time() - t < 0.5: pass"
        with joulebook.track(model="m") as run:
            subprocess.run([sys.executable, "-c", code])
        with joulebook.track(model="m") as quiet:
            pass
        print(json.dumps([run.energy_uj, quiet.energy_uj]))
        """,
        environment,
    )
    busy, quiet = json.loads(done.stdout)
    assert busy > 0
    assert busy > 10 * (quiet or 0)


def test_a_server_that_is_away_loses_nothing(environment: dict[str, str]) -> None:
    done = python(
        "import joulebook\nwith joulebook.track(model='m'): pass\n",
        environment | {"JOULEBOOK_SERVER": "http://127.0.0.1:9"},
    )
    assert done.returncode == 0
    assert "not sent yet" in done.stderr
    assert [job.model for batch in spooled(environment) for job in batch.jobs][-1] == "m"


def test_a_callable_without_a_name_can_be_tracked(environment: dict[str, str]) -> None:
    done = python(
        """
        import functools, joulebook
        double = joulebook.track(kind="data")(functools.partial(pow, 2))
        print(double(5))
        """,
        environment,
    )
    assert done.stdout.strip() == "32"


def test_a_server_that_never_answers_is_waited_for_once(environment: dict[str, str]) -> None:
    done = python(
        """
        import os, socket, joulebook
        deaf = socket.create_server(("127.0.0.1", 0))
        os.environ["JOULEBOOK_SERVER"] = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        for _ in range(3):
            with joulebook.track(model="m", summary=False):
                pass
        deaf.setblocking(False)
        asked = 0
        while True:
            try:
                deaf.accept()
            except BlockingIOError:
                break
            asked += 1
        print(asked)
        """,
        environment,
    )
    assert done.stdout.strip() == "1"
