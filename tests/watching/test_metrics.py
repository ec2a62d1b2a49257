"""The text that Prometheus reads, and what its own checker says of it."""

import subprocess
import sys

import pytest
from tests.prometheus import complaints
from tests.watching.conftest import SENSORS, START_US, booked, job

from joulebook.watching.jobs import OTHER
from joulebook.watching.metrics import renderer
from joulebook.watching.waiting import Waiting
from joulebook.watching.watched import Watched

WAITING = Waiting(batches=3, used_bytes=4096, oldest_us=90_500_000, quarantined=1, server_up=False)


def text(watched: Watched, waiting: Waiting = WAITING) -> str:
    return renderer("node-7", "0.1.0", lambda: (watched.look(), waiting))().decode()


def samples(watched: Watched, waiting: Waiting = WAITING) -> dict[str, float]:
    lines = [line for line in text(watched, waiting).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.fixture
def busy(watched: Watched) -> Watched:
    """A node with a GPU, a CPU, a meter around them, and a job of Slurm."""
    uid = "slurm:cluster:42"
    watched.take(
        [
            booked("GPU-1", {("job", uid): 1_500_000, ("idle", None): 250_000}),
            booked("cpu:m:package-0", {("job", uid): 2, ("system", None): 4}, own_uj=3),
            booked("wall", energy_uj=2_000_000),
        ],
        [job(uid)],
        {"wall": "does not answer"},
        SENSORS,
    )
    return watched


def test_joules_are_told_by_device_bucket_and_job(busy: Watched) -> None:
    told = samples(busy)
    expected = {
        'joulebook_gpu_joules_total{gpu_uuid="GPU-1",node="node-7"}': 1.75,
        'joulebook_device_joules_total{device="cpu:m:package-0",kind="cpu",method="counter",'
        'node="node-7"}': 6e-06,
        'joulebook_device_joules_total{device="wall",kind="host",method="counter",'
        'node="node-7"}': 2.0,
        'joulebook_bucket_joules_total{bucket="job",component="gpu",node="node-7"}': 1.5,
        'joulebook_bucket_joules_total{bucket="idle",component="gpu",node="node-7"}': 0.25,
        'joulebook_bucket_joules_total{bucket="job",component="cpu",node="node-7"}': 2e-06,
        'joulebook_bucket_joules_total{bucket="system",component="cpu",node="node-7"}': 4e-06,
        'joulebook_job_joules_total{component="gpu",job_id="cluster:42",manager="slurm",'
        'method="counter"}': 1.5,
        'joulebook_job_joules_total{component="cpu",job_id="cluster:42",manager="slurm",'
        'method="counter"}': 2e-06,
    }
    assert {name: told.get(name) for name in expected} == expected


def test_what_a_job_is_called_stands_in_a_series_of_its_own(busy: Watched) -> None:
    name = (
        'joulebook_job_info{job_id="cluster:42",kind="training",manager="slurm",model="model-1",'
        'name="",project="",user="1001",variant="int8"}'
    )
    assert samples(busy)[name] == 1.0


def test_the_agent_tells_of_itself(busy: Watched) -> None:
    told = samples(busy)
    assert told["joulebook_agent_joules_total"] == 3e-06
    assert told["joulebook_agent_spool_batches"] == 3
    assert told["joulebook_agent_spool_bytes"] == 4096
    assert told["joulebook_agent_spool_oldest_seconds"] == 90.5
    assert told["joulebook_agent_quarantined_batches"] == 1
    assert told["joulebook_agent_server_up"] == 0
    assert told["joulebook_agent_last_window_timestamp_seconds"] == START_US / 1e6 + 10
    assert told['joulebook_build_info{version="0.1.0"}'] == 1
    assert told['joulebook_device_problem{device="wall",kind="host"}'] == 1
    assert told['joulebook_device_problem{device="GPU-1",kind="gpu"}'] == 0


def test_the_reason_of_a_problem_is_in_no_label(busy: Watched) -> None:
    assert "does not answer" not in text(busy)


def test_what_is_not_known_has_no_sample(watched: Watched) -> None:
    told = samples(watched, Waiting(problem="the disk is gone"))
    assert told == {'joulebook_build_info{version="0.1.0"}': 1}


def test_a_gpu_that_changed_its_method_is_one_series(watched: Watched) -> None:
    for method in ("counter", "integrated"):
        watched.take([booked(shares={("idle", None): 500_000}, method=method)], [], {}, SENSORS)
    assert samples(watched)['joulebook_gpu_joules_total{gpu_uuid="GPU-1",node="node-7"}'] == 1.0


def test_a_job_gets_a_new_name_and_keeps_its_energy(busy: Watched) -> None:
    before = samples(busy)
    busy.take([], [job("slurm:cluster:42", rev=2, model="other")], {}, SENSORS)
    after = samples(busy)
    assert [name for name in after if "_info" in name and 'model="other"' in name]
    assert not [name for name in after if 'model="model-1"' in name]
    energy = [name for name in before if "job_joules" in name]
    assert [after[name] for name in energy] == [before[name] for name in energy]


def test_no_series_that_only_grows_ever_shrinks(busy: Watched) -> None:
    before = samples(busy)
    uid = "slurm:cluster:43"
    busy.take([booked(shares={("job", uid): 9})], [job(uid)], {}, SENSORS)
    after = samples(busy)
    assert all(after[name] >= before[name] for name in before if "_total" in name)


def test_jobs_beyond_the_bound_have_one_series_and_no_names() -> None:
    from joulebook.clock import ManualClock  # noqa: PLC0415 - this test's own bound

    watched = Watched(ManualClock(), most_jobs=2)
    for number in range(50):
        uid = f"slurm:c:{number}"
        share: dict[tuple[str, str | None], int] = {("job", uid): 1_000_000}
        watched.take([booked(shares=share)], [job(uid)], {}, SENSORS)
    told = {name: value for name, value in samples(watched).items() if "joulebook_job" in name}
    assert len(told) == 5  # two jobs with their names, and the others
    assert sum(value for name, value in told.items() if "joules" in name) == 50
    assert [value for name, value in told.items() if f'job_id="{OTHER}"' in name] == [48]


@pytest.mark.parametrize("odd", ['a"b\\c', "two\nlines", "\udcff", "käse", "}" * 3])
def test_an_odd_name_costs_nobody_the_page(watched: Watched, odd: str) -> None:
    watched.take([booked(shares={("job", "run:1"): 1})], [job(model=odd)], {}, SENSORS)
    assert "joulebook_job_info" in text(watched)
    assert "joulebook_build_info" in text(watched)


def test_what_only_grows_is_named_and_typed_so(busy: Watched) -> None:
    lines = [line.split() for line in text(busy).splitlines() if line.startswith("# TYPE")]
    types = {name: kind for _, _, name, kind in lines}
    assert "joulebook_job_joules_total" in types
    assert all((kind == "counter") == name.endswith("_total") for name, kind in types.items())


def test_promtool_finds_nothing_to_complain_of(busy: Watched) -> None:
    assert complaints(text(busy)) == ""


def test_without_the_extra_the_agent_says_how_to_install_it() -> None:
    # In a real interpreter in which the package cannot be found.
    code = (
        "import sys; sys.modules['prometheus_client'] = None\n"
        "from joulebook.errors import AgentError\n"
        "from joulebook.watching.metrics import renderer\n"
        "try:\n    renderer('n', 'v', None)\nexcept AgentError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'joulebook[metrics]'" in done.stdout


def test_the_room_loads_neither_prometheus_client_nor_an_http_server() -> None:
    code = (
        "import sys\nimport joulebook.watching.page, joulebook.watching.metrics\n"
        "print([name for name in ('prometheus_client', 'http.server') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
