"""Which jobs are open, on disk: whoever comes after a killed process ends what it left open."""

import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from joulebook.discovery.processes import ProcessTable
from joulebook.metering.guard import log
from joulebook.metering.span import Span
from joulebook.wire import Job, VariantRecord, format_time

Key = tuple[str, str | None]
#: A process: its id, and when it started in clock ticks since boot, which no later one shares.
Owner = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class OpenJob:
    """A job that was open when it was last seen.

    Attributes:
        record: What its reporter said of it last.
        owners: The processes with open spans of it.
        seen_us: When it was last seen, µs since the Unix epoch.
    """

    record: Job
    owners: tuple[Owner, ...]
    seen_us: int

    @property
    def key(self) -> Key:
        """One record for each reporter of a job."""
        return self.record.uid, self.record.reporter

    def ended(self, ref: int) -> Job:
        """Its record, ended where it was last seen.

        The revision is the next one only: who went on measuring the job has higher ones.
        """
        last = max(format_time(self.seen_us), self.record.started_at)
        return replace(self.record, ref=ref, rev=self.record.rev + 1, ended_at=last)


class OpenJobs:
    """The open jobs of one process that measures, and those that its predecessors left open.

    Each process writes a file of its own beside the spool, anew at every cut.

    Args:
        spool: The spool that the records of these jobs are in.
        boot_id: Of this boot: no process of another one lives.
        table: The host's processes.
        sync: Whether a file must survive a power cut too, not only the kill of the process.
    """

    def __init__(self, spool: Path, boot_id: str, table: ProcessTable, *, sync: bool) -> None:
        self._folder = spool.with_suffix(".open")
        self._boot_id = boot_id
        self._table = table
        self._sync = sync
        self._lock = threading.Lock()
        pid = table.own() or os.getpid()
        self._writer: Owner = (pid, table.started(pid))
        self._path = self._folder / f"{self._writer[0]}-{self._writer[1]}.json"
        self._starts: dict[int, int | None] = {}
        self._noted: list[OpenJob] = []
        self._left: dict[Key, OpenJob] = {}

    def note(self, jobs: Sequence[Job], spans: Sequence[Span], now_us: int) -> None:
        """Keep the jobs among these that have not ended; on disk when this returns.

        Raises:
            OSError: The disk refuses.
        """
        self._starts = {span.pid: self._start_of(span.pid) for span in spans}
        owners: dict[Key, set[Owner]] = {}
        for span in spans:
            owner = (span.pid, self._starts[span.pid])
            owners.setdefault((span.uid, span.reporter), set()).add(owner)
        with self._lock:
            self._noted = [
                OpenJob(job, tuple(owners.get((job.uid, job.reporter), ())), now_us)
                for job in jobs
                if job.ended_at is None
            ]
            self._write()

    def adopt(self) -> None:
        """Take in what processes left open that wrote here and are gone."""
        with self._alone() as alone, self._lock:
            left = list(self._of_the_dead()) if alone else []
            for _, jobs in left:
                self._left |= {job.key: job for job in jobs}
            if left:
                self._write()
            for path, _ in left:
                path.unlink()

    def back(self, key: Key, owner: Owner) -> int:
        """A process goes on with a span of its own.

        Returns:
            The highest revision that its job's record can have; 0 where it was not left open.
        """
        with self._lock:
            job = self._left.get(key)
            if job is None or owner not in job.owners:
                return 0
            del self._left[key]
            return job.record.rev + 1

    def settle(self, tell: Callable[[Sequence[Job]], None], *, patient: bool) -> None:
        """End the jobs that were left open.

        Args:
            tell: Keeps their last records, durable.
            patient: Leave out those whose process still lives: it may come back to them.

        Raises:
            SpoolError: The records wait in memory; on disk the jobs stay noted as open.
            OSError: The disk refuses.
        """
        with self._lock:
            jobs = [one for one in self._left.values() if not (patient and self._waits(one))]
            for job in jobs:
                del self._left[job.key]
        if jobs:
            tell([job.ended(ref) for ref, job in enumerate(jobs)])
            with self._lock:
                self._write()

    def _waits(self, job: OpenJob) -> bool:
        return any(map(self._lives, job.owners))

    def _start_of(self, pid: int) -> int | None:
        """As it was when the process was first seen: the id may be another's by now."""
        return self._starts[pid] if pid in self._starts else self._table.started(pid)

    def _lives(self, owner: Owner) -> bool:
        pid, started = owner
        return started is not None and self._table.started(pid) == started

    def _write(self) -> None:
        jobs = [*self._left.values(), *self._noted]
        if not jobs:
            self._path.unlink(missing_ok=True)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        tree = {"boot_id": self._boot_id, "writer": self._writer, "jobs": [*map(asdict, jobs)]}
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(tree, file)
            if self._sync:
                file.flush()
                os.fsync(file.fileno())
        fresh.replace(self._path)

    def _of_the_dead(self) -> Iterator[tuple[Path, list[OpenJob]]]:
        for path in sorted(self._folder.glob("*.json")):
            try:
                tree = json.loads(path.read_text(encoding="utf-8"))
                same_boot = tree["boot_id"] == self._boot_id
                pid, started = tree["writer"]
                if not (same_boot and self._lives((pid, started))):
                    yield path, [_job(one, same_boot=same_boot) for one in tree["jobs"]]
            except (OSError, ValueError, KeyError, TypeError) as error:
                log.warning("joulebook: which jobs were open in %s is not known: %s", path, error)
                yield path, []

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Whether we are the only one that looks after the dead; False where nobody wrote."""
        try:
            held = (self._folder / "lock").open("w", encoding="ascii")
        except OSError:
            yield False
            return
        with held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True


def _job(tree: Mapping[str, Any], *, same_boot: bool) -> OpenJob:
    record = dict(tree["record"])
    if record["variant"] is not None:
        record["variant"] = VariantRecord(**record["variant"])
    owners = tuple((pid, started) for pid, started in tree["owners"]) if same_boot else ()
    return OpenJob(Job(**record), owners, int(tree["seen_us"]))
