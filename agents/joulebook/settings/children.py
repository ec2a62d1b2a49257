"""The environment that a process we start is given."""

import os
from pathlib import Path


def with_parent(uid: str) -> dict[str, str]:
    """This environment, for a command that runs inside the job `uid`.

    The job id is taken out: what the command tracks is a child of the job, not the job again.
    """
    environment = dict(os.environ)  # noqa: TID251 - handed on, not read
    environment.pop("JOULEBOOK_JOB_ID", None)
    return {**environment, "JOULEBOOK_PARENT": uid}


def for_demo(server: str, state_dir: Path, zone: str | None) -> dict[str, str]:
    """This environment, with a ledger and a server of the demo's own."""
    inherited = os.environ  # noqa: TID251 - handed on, not read
    environment = {key: text for key, text in inherited.items() if not _of_jobs(key)}
    environment |= {"JOULEBOOK_SERVER": server, "JOULEBOOK_STATE_DIR": str(state_dir)}
    return environment | ({"JOULEBOOK_ZONE": zone} if zone else {})


def _of_jobs(key: str) -> bool:
    """Labels of the caller's own jobs would rename the demo's."""
    return key.startswith("JOULEBOOK_")
