"""`joulebook.track` where something goes wrong: the user's code must not notice."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.tracking.processes import BURN, python, spooled


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


def test_an_unknown_zone_is_said_and_no_other_country_is_taken(
    environment: dict[str, str],
) -> None:
    done = python(
        BURN + "\n    import joulebook\n    with joulebook.track(model='m'): burn(0.3)\n",
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


def test_one_description_serves_many_threads(environment: dict[str, str]) -> None:
    done = python(
        """
        import threading, joulebook
        described = joulebook.track(model="m", summary=False)
        inside, leave, lengths = threading.Event(), threading.Event(), {}
        def first():
            with described as run:
                inside.set()
                leave.wait()
            lengths["first"] = run.summary.duration_us
        def second():
            inside.wait()
            with described as run:
                pass
            lengths["second"] = run.summary.duration_us
            leave.set()
        threads = [threading.Thread(target=one) for one in (first, second)]
        for one in threads: one.start()
        for one in threads: one.join()
        print(lengths["first"] > lengths["second"])
        """,
        environment,
    )
    assert done.stdout.strip() == "True"


def test_an_async_generator_is_measured_while_it_runs(environment: dict[str, str]) -> None:
    done = python(
        """
        import asyncio, joulebook

        @joulebook.track(kind="inference")
        async def tokens():
            for number in range(3):
                yield number

        async def main(): return [number async for number in tokens()]
        print(asyncio.run(main()))
        """,
        environment,
    )
    assert done.stdout.strip() == "[0, 1, 2]"
    assert done.stderr.count("joulebook: ") == 1
