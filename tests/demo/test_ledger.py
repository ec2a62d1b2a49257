import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from joulebook_demo.ledger import LedgerError, get, job_of

RECORD = {
    "uid": "run:1",
    "work": {"samples": 512},
    "quality": {"accuracy": 0.97},
    "started_at": "2026-11-23T10:00:00.000000Z",
    "ended_at": "2026-11-23T10:00:02.500000Z",
}
ROW = {
    "job": "run:1",
    "energy_uj": "3600000",
    "uncertainty_kwh": 5e-7,
    "coverage": 0.99,
    "methods": {"estimated": 1.0},
    "emissions_kg": 0.002,
}


class Canned(BaseHTTPRequestHandler):
    """Answers that a server may give."""

    def do_GET(self) -> None:
        bodies = {"/prefix/good": b'{"rows": []}', "/prefix/text": b"hello"}
        body = bodies.get(self.path)
        self.send_response(404 if body is None else 200)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Nothing on the test's output."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Canned)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/prefix/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_energy_comes_from_the_report() -> None:
    assert job_of(RECORD, ROW).energy_uj == 3_600_000


def test_uncertainty_is_turned_into_microjoules() -> None:
    assert job_of(RECORD, ROW).error_uj == pytest.approx(1_800_000)


def test_emissions_are_turned_into_grams() -> None:
    assert job_of(RECORD, ROW).emissions_g == pytest.approx(2)


def test_work_quality_and_time_come_from_the_job() -> None:
    job = job_of(RECORD, ROW)
    assert (job.samples, job.accuracy, job.seconds) == (512, 0.97, 2.5)


def test_a_job_without_a_row_has_no_energy() -> None:
    assert job_of(RECORD, None).energy_uj is None


def test_an_energy_of_zero_is_no_figure() -> None:
    assert job_of(RECORD, {**ROW, "energy_uj": "0"}).energy_uj is None


def test_emissions_without_a_factor_stay_unknown() -> None:
    assert job_of(RECORD, {**ROW, "emissions_kg": None}).emissions_g is None


def test_a_job_that_did_not_end_has_no_length() -> None:
    assert job_of({**RECORD, "ended_at": None}, ROW).seconds is None


def test_an_answer_is_read_as_json(url: str) -> None:
    assert get(url, "/good") == json.loads('{"rows": []}')


def test_another_status_is_an_error_that_names_it(url: str) -> None:
    with pytest.raises(LedgerError, match="404"):
        get(url, "/missing")


def test_an_answer_that_is_no_json_is_an_error(url: str) -> None:
    with pytest.raises(LedgerError, match="no answer from"):
        get(url, "/text")


def test_no_server_is_an_error() -> None:
    with pytest.raises(LedgerError, match="no answer from"):
        get("http://127.0.0.1:9", "/healthz")
