"""Which job gets what a server counted."""

from joulebook.core.serving import Served
from joulebook.core.serving_target import ServingTarget
from joulebook.discovery.serving.jobs import OwnerOf, ServingJobs
from joulebook.discovery.serving.watch import ServerSeen

NOBODY: OwnerOf = dict[int, str]().get
ONE, OTHER = (ServingTarget(f"http://h:{port}/metrics", port) for port in (1, 2))


def seen(
    target: ServingTarget, tokens: int, *pids: int, run: int = 1, model: str = "m"
) -> ServerSeen:
    served = Served("vLLM", 0, 1, {model: {"generated_tokens": tokens}}, batch=None)
    return ServerSeen(target, run, pids, served, None)


def test_work_goes_to_the_job_of_the_process() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50)], {50: "slurm:c:7"}.get)
    assert jobs.work("slurm:c:7") == {"generated_tokens": 70}
    assert jobs.model("slurm:c:7") == "m"
    assert jobs.work("slurm:c:8") == {}


def test_a_job_that_starts_its_server_anew_keeps_what_the_first_one_did() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50)], {50: "a"}.get)
    jobs.take([seen(ONE, 5, 60, run=2)], {60: "a"}.get)
    jobs.take([seen(ONE, 9, 60, run=2)], {60: "a"}.get)
    assert jobs.work("a") == {"generated_tokens": 79}


def test_two_servers_of_one_job_add_up() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50), seen(OTHER, 4, 51, model="n")], {50: "a", 51: "a"}.get)
    assert jobs.work("a") == {"generated_tokens": 74}
    assert jobs.model("a") is None
    assert jobs.quality("a") == {}


def test_a_server_that_left_leaves_its_work_to_its_job() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50)], {50: "a"}.get)
    jobs.take([seen(ONE, 75)], NOBODY)
    assert jobs.work("a") == {"generated_tokens": 75}


def test_a_server_of_two_jobs_is_nobodys() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50, 51)], {50: "a", 51: "b"}.get)
    assert jobs.work("a") == jobs.work("b") == {}


def test_a_job_that_is_known_later_gets_all_that_its_server_did() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50)], NOBODY)
    jobs.take([seen(ONE, 80, 50)], {50: "a"}.get)
    assert jobs.work("a") == {"generated_tokens": 80}


def test_a_job_that_ended_is_forgotten() -> None:
    jobs = ServingJobs()
    jobs.take([seen(ONE, 70, 50)], {50: "a"}.get)
    jobs.forget("a")
    assert jobs.work("a") == {}
