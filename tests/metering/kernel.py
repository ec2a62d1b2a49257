"""A kernel in memory: processes that run, fork, end and are reaped, and cgroups that count."""

from collections.abc import Collection
from pathlib import Path

from joulebook.core.families import Process
from joulebook.discovery.processes import CpuTimes, ProcessTable

TICK_US = 10_000
INIT, FREE_ROOT, GROUPED_ROOT = 1, 50, 60


class _Task:
    def __init__(self, parent: int, started: int, group: str) -> None:
        self.parent = parent
        self.started = started
        self.group = group
        self.ticks = 0
        self.reaped = 0
        #: Whether its children's time is lost: it ignores SIGCHLD (wait(2)).
        self.ignores = False


class Kernel(ProcessTable):
    """Keeps the account that a real kernel keeps, and the true one beside it.

    `FREE_ROOT` shares its cgroup with processes of others, `GROUPED_ROOT` has one of its own.
    """

    def __init__(self) -> None:
        super().__init__(Path("/proc"))
        self.tasks = {INIT: _Task(0, 0, "system")}
        self.busy = 0
        self.counted: dict[str, int] = {}
        self.truth: dict[int, int] = {INIT: 0, FREE_ROOT: 0, GROUPED_ROOT: 0}
        self._next = 100
        for root, group in ((FREE_ROOT, "system"), (GROUPED_ROOT, "job")):
            self.tasks[root] = _Task(INIT, 1, group)

    def fork(self, parent: int) -> int:
        """A child, in its parent's cgroup."""
        self._next += 1
        self.tasks[self._next] = _Task(parent, self._next, self.tasks[parent].group)
        return self._next

    def run(self, pid: int, ticks: int) -> None:
        """A process uses CPU time."""
        task = self.tasks[pid]
        task.ticks += ticks
        self.busy += ticks
        self.counted[task.group] = self.counted.get(task.group, 0) + ticks
        self.truth[self._root_of(pid)] += ticks

    def end(self, pid: int) -> None:
        """A process without children ends; its parent reaps it, or has said that it will not."""
        task = self.tasks.pop(pid)
        parent = self.tasks[task.parent]
        if not parent.ignores:
            parent.reaped += task.ticks + task.reaped

    def leaves(self) -> list[int]:
        """Processes that may end: no children, and no roots."""
        parents = {task.parent for task in self.tasks.values()}
        return [pid for pid in self.tasks if pid not in parents and pid not in self.truth]

    def look(self) -> dict[int, Process]:
        """The process table."""
        return {
            pid: Process(task.parent, task.ticks + task.reaped, task.started)
            for pid, task in sorted(self.tasks.items())
        }

    def host_cpu(self) -> CpuTimes:
        """CPU time of all."""
        return CpuTimes(self.busy, 10**9)

    def group_cpu(
        self, pid: int, family: Collection[int], known: Collection[int]
    ) -> tuple[str, int] | None:
        """CPU time of a cgroup that is the family's alone."""
        if pid not in self.tasks:
            return None
        group = self.tasks[pid].group
        here = {one for one, task in self.tasks.items() if task.group == group}
        if here & set(known) - set(family):
            return None
        return group, self.counted.get(group, 0) * TICK_US

    def _root_of(self, pid: int) -> int:
        while pid not in self.truth:
            pid = self.tasks[pid].parent
        return pid
