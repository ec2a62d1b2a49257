"""A server in this process, on a real SQLite file, and a fleet of hosts that pushes to it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import FastAPI

from joulebook.wire import (
    Agent,
    Batch,
    Device,
    Host,
    Job,
    Meters,
    Parts,
    VariantRecord,
    encode,
    format_time,
    parse_time,
)
from joulebook_server.main import create_app
from joulebook_server.settings import Settings
from joulebook_server.store.engine import Store
from joulebook_server.store.migrate import migrate

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
NOW_US = parse_time("$", "2026-12-31T00:00:00Z")

Booked = dict[tuple[str, str], int]


@dataclass(frozen=True)
class Window:
    """What one device metered; `booked` is energy in µJ by (bucket, job uid)."""

    start_us: int
    booked: Booked
    device: str = "gpu:0"
    length_us: int = 10 * SECOND_US
    observed_us: int | None = None
    method: str = "counter"
    err_sys_uj: int = 0
    err_rand_uj: int = 0


@dataclass(frozen=True)
class Client:
    """Speaks HTTP to an app in this process."""

    app: FastAPI

    def send(self, method: str, path: str, **request: object) -> httpx2.Response:
        """One request and its answer."""

        async def once() -> httpx2.Response:
            transport = httpx2.ASGITransport(self.app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://server") as client:
                return await client.request(method, path, **request)  # type: ignore[arg-type]

        return asyncio.run(once())


@dataclass
class Fleet:
    """Pushes batches, as agents do, and asks for reports."""

    client: Client
    store: Store
    numbers: Counter[str] = field(default_factory=Counter)

    def push(
        self, windows: Sequence[Window], jobs: Sequence[Job] = (), host: str = "h", zone: str = ""
    ) -> None:
        """One batch of one host."""
        devices = sorted({window.device for window in windows})
        batch = Batch(
            schema=1,
            agent=Agent(f"agent-{host}", "e", "agent", "0.1.0"),
            seq=self.numbers[host],
            host=Host(host, host, f"boot-{host}", zone or None),
            devices=[_device(ref, host, name) for ref, name in enumerate(devices)],
            jobs=[_numbered(ref, job) for ref, job in enumerate(jobs)],
            meters=_meters(windows, devices),
            parts=_parts(windows, [one.uid for one in jobs]),
        )
        self.numbers[host] += 1
        answer = self.client.send("POST", "/v1/batches", content=encode(batch))
        assert answer.status_code == 200, answer.text

    def report(self, **parameters: str | list[str]) -> dict[str, Any]:
        """A report; `start` and `end` stand for `from` and `to`."""
        answer = self.client.send("GET", "/v1/reports", params=_named(parameters))
        assert answer.status_code == 200, answer.text
        content: dict[str, Any] = answer.json()
        return content

    def refused(self, **parameters: str | list[str]) -> dict[str, Any]:
        """The problem with which a report is refused."""
        answer = self.client.send("GET", "/v1/reports", params=_named(parameters))
        assert answer.headers["content-type"] == "application/problem+json"
        content: dict[str, Any] = answer.json()
        assert content["status"] == answer.status_code
        return content


Serve = Callable[..., Fleet]


def serve_from(url: str, **settings: str) -> Fleet:
    """A server on a new database; `settings` are those of the server."""
    store = Store(url)
    migrate(store)
    app = create_app(Settings(database_url=url, **settings), store)  # type: ignore[arg-type]
    app.state.clock = lambda: NOW_US
    return Fleet(Client(app), store)


def at(text: str) -> int:
    """An RFC 3339 time in µs."""
    return parse_time("$", text)


def a_job(uid: str, started_us: int, seconds: float = 60, **fields: object) -> Job:
    """A job record that ran for a minute from `started_us`, unless told otherwise."""
    ended_us = started_us + int(seconds * SECOND_US)
    label = fields.pop("variant", None)
    nothing = dict.fromkeys(("parent", "phase", "name", "project", "user", "model"))
    told: dict[str, Any] = {**nothing, "kind": "training", **fields}
    return Job(
        ref=0,
        rev=0,
        uid=uid,
        variant=VariantRecord(str(label)) if label else None,
        started_at=format_time(started_us),
        ended_at=format_time(ended_us),
        **told,
    )


def push_mixed(fleet: Fleet, host: str, start: int) -> None:
    """Three kinds of device, two jobs and every bucket."""
    hour = start // MINUTE_US // 60
    uid, other = f"run:{host}-{start}", f"run:bare-{start}"
    jobs = [
        a_job(
            uid,
            start,
            10,
            model="m" if host == "north" else "n/x",
            variant="int8" if hour % 7 else "float32",
            project="p",
            user="1001",
            kind="inference" if hour % 2 else "training",
        ),
        a_job(other, start, 10),
    ]
    odd = start // SECOND_US % 9_973
    windows = [
        Window(start, {("job", uid): 7_000_003 + odd, ("held", uid): 13, ("idle", ""): 1_000_001}),
        Window(
            start,
            {("job", uid): 501, ("job", other): 77 + odd, ("system", ""): 9, ("idle", ""): 1},
            device="cpu:0",
            method="estimated",
        ),
        Window(start, {("unknown", ""): 333_331}, device="dram:0", method="integrated"),
    ]
    fleet.push(windows, jobs, host, "FR" if host == "north" else "")


def _device(ref: int, host: str, name: str) -> Device:
    kind = name.partition(":")[0]
    scope = {"gpu": "gpu", "cpu": "package", "dram": "dram"}[kind]
    return Device(ref, f"{host}/{name}", kind, scope, additive=True, name=name, vendor="unknown")


def _numbered(ref: int, job: Job) -> Job:
    return Job(**{**{name: getattr(job, name) for name in Job.__dataclass_fields__}, "ref": ref})


def _meters(windows: Sequence[Window], devices: Sequence[str]) -> Meters:
    return Meters(
        device=[devices.index(one.device) for one in windows],
        start_us=[one.start_us for one in windows],
        end_us=[one.start_us + one.length_us for one in windows],
        counter_start_uj=[None for _ in windows],
        counter_end_uj=[None for _ in windows],
        energy_uj=[sum(one.booked.values()) for one in windows],
        observed_us=[
            one.length_us if one.observed_us is None else one.observed_us for one in windows
        ],
        method=[one.method for one in windows],
        err_sys_uj=[one.err_sys_uj for one in windows],
        err_rand_uj=[one.err_rand_uj for one in windows],
        power_max_mw=[None for _ in windows],
        utilization=[None for _ in windows],
    )


def _parts(windows: Sequence[Window], uids: Sequence[str]) -> Parts:
    booked = [
        (meter, uids.index(uid) if uid else -1, bucket, energy)
        for meter, one in enumerate(windows)
        for (bucket, uid), energy in one.booked.items()
    ]
    return Parts(*(list(column) for column in zip(*booked, strict=True)))


def _named(parameters: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    names = {"start": "from", "end": "to"}
    return {names.get(name, name): value for name, value in parameters.items()}
