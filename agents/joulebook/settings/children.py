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


def without_ours() -> dict[str, str]:
    """This environment without settings and labels of the caller's own jobs."""
    inherited = os.environ  # noqa: TID251 - handed on, not read
    return {key: text for key, text in inherited.items() if not key.startswith("JOULEBOOK_")}


def for_demo(
    server: str, state_dir: Path, zone: str | None, socket: Path | None = None
) -> dict[str, str]:
    """This environment, with a ledger, a server and an agent of the demo's own.

    Without an agent's socket the demo measures itself.
    """
    own = {
        "JOULEBOOK_SERVER": server,
        "JOULEBOOK_STATE_DIR": str(state_dir),
        "JOULEBOOK_AGENT_SOCKET": str(socket or "none"),
    }
    return without_ours() | own | ({"JOULEBOOK_ZONE": zone} if zone else {})
