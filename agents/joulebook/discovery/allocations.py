"""GPUs that jobs hold before they run, and after: what a prolog wrote down.

One file for each GPU, named by its index or UUID, with one job id a line: the form that
dcgm-exporter reads too (``--hpc-job-mapping-dir``), so that one prolog serves both.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path

from joulebook.discovery.procfs import read

_GPU = re.compile(r"[0-9]{1,4}(\.[0-9]{1,4})?|[A-Za-z0-9][\w-]{7,99}", re.ASCII)
_JOB = re.compile(rb"[0-9]{1,10}")


def allocations(folder: Path, uid_of: Callable[[str], str | None]) -> dict[str, tuple[str, ...]]:
    """The jobs that each GPU is reserved for.

    A line counts once its newline is there: before, half a number may stand for another job.

    Args:
        folder: Where the prolog writes. It may be missing: then nothing is reserved.
        uid_of: Name of a job by its number, `SlurmJobs.numbered`; None: not known yet.

    Returns:
        uids of jobs by GPU, an index or a UUID; several where a GPU is shared. A GPU that no job
        is known for is left out.
    """
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - every look asks
    except OSError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for name in filter(_GPU.fullmatch, names):
        lines = (read(f"{folder}/{name}") or b"").split(b"\n")[:-1]
        jobs = [line.strip().decode() for line in lines if _JOB.fullmatch(line.strip())]
        uids = [uid for job in jobs if (uid := uid_of(job)) is not None]
        if uids:
            found[name] = tuple(dict.fromkeys(uids))
    return found
