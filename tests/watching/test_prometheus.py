"""A real Prometheus scrapes the page, and answers questions about it."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.prometheus import Ask, scraping
from tests.waiting import until
from tests.watching.conftest import SENSORS, Serve, booked, job

from joulebook.version import VERSION
from joulebook.watching.health import judge
from joulebook.watching.metrics import renderer
from joulebook.watching.opening import pages
from joulebook.watching.page import Page
from joulebook.watching.waiting import Waiting
from joulebook.watching.watched import Watched


@pytest.fixture
def page(serve: Serve, watched: Watched) -> Page:
    render = renderer("node-7", VERSION, lambda: (watched.look(), Waiting(batches=0)))
    return serve(pages(render, lambda: judge(0, 1, None, begun=True)))


@pytest.fixture
def ask(page: Page, tmp_path: Path) -> Iterator[Ask]:
    with scraping(urlsplit(page.url).netloc, tmp_path) as asked:
        yield asked


def test_prometheus_scrapes_jobs_with_their_energy_and_their_names(
    ask: Ask, watched: Watched
) -> None:
    uid = "slurm:cluster:42"
    watched.take([booked(shares={("job", uid): 1_250_000})], [job(uid)], {}, SENSORS)
    # What a person asks: joules by model, from the energy of a job and from what it is called.
    by_model = (
        "sum by (model) (joulebook_job_joules_total * on (manager, job_id, instance)"
        " group_left (model) joulebook_job_info)"
    )
    assert until(lambda: ask(by_model))
    (row,) = ask(by_model)
    assert row["metric"] == {"model": "model-1"}
    assert row["value"][1] == "1.25"  # type: ignore[index] # time and text
    (up,) = ask("up")
    assert up["value"][1] == "1"  # type: ignore[index] # as above


def test_prometheus_sees_energy_grow(ask: Ask, watched: Watched) -> None:
    def grown() -> list[dict[str, object]]:
        watched.take([booked(shares={("idle", None): 1_000_000})], [], {}, SENSORS)
        return ask("increase(joulebook_gpu_joules_total[30s]) > 0")

    assert until(grown)
    (row,) = grown()
    metric = row["metric"]
    assert isinstance(metric, dict)
    assert (metric["node"], metric["gpu_uuid"]) == ("node-7", "GPU-1")
