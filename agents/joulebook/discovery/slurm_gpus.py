"""Which GPUs of this host a job of Slurm has, as its processes are told.

Source: Slurm's ``src/plugins/gres/common/gres_common.c``.
"""

import re
from collections.abc import Iterable

from joulebook.discovery.environ import Variables
from joulebook.discovery.place import SlurmPlace
from joulebook.wire.rules import MAX_TEXT

#: Steps whose environment tells what the whole job has here.
WHOLE = ("batch", "interactive")
_INDEX = re.compile(r"[0-9]{1,10}")
_RANGE = re.compile(r"([0-9]{1,3})-([0-9]{1,3})")
_UUID = re.compile(r"(?:GPU|MIG)-[A-Za-z0-9-]{8,96}")


def gpus_of(place: SlurmPlace, told: Variables) -> tuple[str, ...]:
    """GPUs that the job has on this host, by Slurm's index.

    ``SLURM_JOB_GPUS`` of the batch script goes on to the tasks of its steps, also on hosts where
    these numbers mean others; tasks have ``SLURM_STEP_GPUS`` of their own.
    """
    if place.step in WHOLE:
        return tuple(_each(told.get("SLURM_JOB_GPUS", "")))
    if place.step is not None and place.step[0].isdigit():
        return tuple(_each(told.get("SLURM_STEP_GPUS", "")))
    return ()


def _each(listed: str) -> Iterable[str]:
    """The members of ``0,2-3``, or UUIDs as of MIG instances.

    Empty where it is not such a list, as with ``NoDevFiles``.
    """
    found: dict[str, None] = {}
    for part in listed.strip()[:MAX_TEXT].split(","):
        if _UUID.fullmatch(part):
            found[part] = None
            continue
        span = _RANGE.fullmatch(part)
        if span is None and not _INDEX.fullmatch(part):
            return ()
        first, last = (int(span[1]), int(span[2])) if span else (int(part), int(part))
        found.update(dict.fromkeys(map(str, range(first, last + 1))))
    return found
