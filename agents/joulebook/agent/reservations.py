"""GPUs that a scheduler gave to jobs, whether something runs on them or not."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path

from joulebook.discovery.allocations import allocations
from joulebook.discovery.owner import SLURM, Owner
from joulebook.probes.protocol import Sensor

#: Jobs without a process have a root of their own from here down: no process has such an id.
_FIRST = -1_000


class Reservations:
    """What jobs say of their GPUs themselves, and what a prolog wrote down.

    Args:
        sensors: Tells the sensors of this host.
        folder: Where the prolog writes; None: nowhere.
        uid_of: Name of a job by its number; None: not known yet.
    """

    def __init__(
        self,
        sensors: Callable[[], Sequence[Sensor]],
        folder: Path | None,
        uid_of: Callable[[str], str | None],
    ) -> None:
        self._sensors = sensors
        self._folder = folder
        self._uid_of = uid_of
        self._written: Mapping[str, Sequence[str]] = {}
        self._roots: dict[str, int] = {}
        self._numbers = count(_FIRST, -1)

    def look(self, running: Collection[str]) -> dict[int, Owner]:
        """Jobs that hold a GPU and have no process here, each under a root that stands for it.

        Args:
            running: uids of the jobs that have processes.
        """
        self._written = {} if self._folder is None else allocations(self._folder, self._uid_of)
        silent = {uid for uids in self._written.values() for uid in uids} - set(running)
        self._roots = {uid: self._roots.get(uid) or next(self._numbers) for uid in sorted(silent)}
        return {root: Owner(uid, SLURM) for uid, root in self._roots.items()}

    def by_gpu(
        self, roots: Mapping[str, Sequence[int]], owners: Iterable[Owner]
    ) -> dict[str, list[int]]:
        """One process of each job that a GPU is reserved for, by the GPU's uid.

        Args:
            roots: Outermost processes of each job.
            owners: The jobs, as their processes tell.
        """
        jobs: dict[str, set[str]] = {gpu: set(uids) for gpu, uids in self._written.items()}
        for owner in owners:
            for gpu in owner.gpus:
                jobs.setdefault(gpu, set()).add(owner.uid)
        found: dict[str, list[int]] = {}
        for sensor in self._sensors():
            uids = jobs.get(sensor.uid or "", set()) | jobs.get(str(sensor.index), set())
            holders = [min(roots[uid]) for uid in sorted(uids) if roots.get(uid)]
            if sensor.kind == "gpu" and sensor.uid and holders:
                found[sensor.uid] = holders
        return found
