"""What the server says of the experiment's jobs, read back over HTTP."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from joulebook.core.units import UJ_PER_KWH

TIMEOUT_S = 30.0
OK = 200


class LedgerError(Exception):
    """The server did not answer as expected; the text is one line for people."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job's figures, all from the server.

    Attributes:
        uid: Global id.
        energy_uj: Energy, µJ; None where no sensor gave a figure.
        error_uj: Its uncertainty, µJ.
        coverage: Observed over expected time, 0 to 1; None if it cannot be computed.
        methods: Share of the energy by method.
        emissions_g: Location-based CO2e, g; None where no factor applies.
        samples: Images worked on.
        accuracy: Share of test images that were right; None if not logged.
        seconds: Length of the job, s; None if it did not end.
    """

    uid: str
    energy_uj: int | None = None
    error_uj: float | None = None
    coverage: float | None = None
    methods: Mapping[str, float] = field(default_factory=dict)
    emissions_g: float | None = None
    samples: float = 0.0
    accuracy: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything read back.

    Attributes:
        jobs: The experiment's jobs by uid.
        factors: Emission factors that the server applied.
        covers: What the server's figures include, in its words.
        does_not_cover: What they leave out.
    """

    jobs: Mapping[str, Job]
    factors: Sequence[Mapping[str, Any]] = ()
    covers: Sequence[str] = ()
    does_not_cover: Sequence[str] = ()


def read(server: str, project: str, uids: Sequence[str]) -> Answers:
    """Energies from the report by job; work, quality and time from each job's own record.

    Raises:
        LedgerError: The server does not answer, or does not know one of the jobs.
    """
    query = urlencode({"group_by": "job", "filter": f"project:{project}"})
    report = get(server, f"/v1/reports?{query}")
    rows = {row["job"]: row for row in report["rows"]}
    jobs = [get(server, path_of(uid)) for uid in uids]
    return Answers(
        jobs={job["uid"]: job_of(job, rows.get(job["uid"])) for job in jobs},
        factors=report.get("factors", ()),
        covers=report.get("covers", ()),
        does_not_cover=report.get("does_not_cover", ()),
    )


def path_of(uid: str) -> str:
    """Where the server answers about one job."""
    return f"/v1/jobs/{quote(uid, safe=':')}"


def job_of(record: Mapping[str, Any], row: Mapping[str, Any] | None) -> Job:
    """One job from its record and its row of the report; no row, no energy."""
    figures = _figures(row) if row is not None else {}
    return Job(
        uid=record["uid"],
        samples=(record.get("work") or {}).get("samples", 0),
        accuracy=(record.get("quality") or {}).get("accuracy"),
        seconds=_seconds(record.get("started_at"), record.get("ended_at")),
        **figures,
    )


def get(server: str, path: str) -> Any:  # noqa: ANN401 - JSON
    """A JSON answer.

    Raises:
        LedgerError: No connection, another status than 200, or no JSON.
    """
    address = urlsplit(server)
    secure = address.scheme == "https"
    kind = HTTPSConnection if secure else HTTPConnection
    connection = kind(address.hostname or "", address.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", address.path.rstrip("/") + path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != OK:
            raise LedgerError(f"{server}{path} answered {answer.status} {answer.reason}")
        return json.loads(body)
    except (OSError, HTTPException, ValueError) as error:
        raise LedgerError(f"no answer from {server}{path}: {error}") from error
    finally:
        connection.close()


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """A 0 is what a job too short for the sensor leaves: that is no figure, not no energy."""
    energy_uj = int(row["energy_uj"])
    error_kwh = row.get("uncertainty_kwh")
    emissions_kg = row.get("emissions_kg")
    return {
        "energy_uj": energy_uj or None,
        "error_uj": None if error_kwh is None else error_kwh * UJ_PER_KWH,
        "coverage": row.get("coverage"),
        "methods": row.get("methods") or {},
        "emissions_g": None if emissions_kg is None else emissions_kg * 1000,
    }


def _seconds(start: str | None, end: str | None) -> float | None:
    if start is None or end is None:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
