"""`joulebook.track` as a user meets it: real processes, this machine's own sensors."""

import json

import pytest
from tests.tracking.processes import BURN, python, spooled

import joulebook


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


def test_a_label_without_its_name_is_refused_at_once_and_says_how() -> None:
    with pytest.raises(TypeError, match=r"track\(model='bert'\)"):
        joulebook.track("bert")  # type: ignore[call-overload]


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


def test_work_of_a_reaped_child_process_is_the_jobs(environment: dict[str, str]) -> None:
    done = python(
        """
        import json, subprocess, sys, joulebook
        code = "import time; t = time.process_time()\\nwhile time.process_time() - t < 1.5: pass"
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
