"""Where the agent of a host listens."""

import os
from collections.abc import Mapping
from pathlib import Path

#: An agent of the whole machine, started by root.
SYSTEM = Path("/run/joulebook/agent.sock")


def own(environ: Mapping[str, str]) -> Path:
    """Where an agent of this user listens, unless told otherwise."""
    if os.getuid() == 0:
        return SYSTEM
    runtime = Path(environ.get("XDG_RUNTIME_DIR", ""))
    if runtime.is_absolute():
        return runtime / "joulebook" / "agent.sock"
    return Path(f"/tmp/joulebook-{os.getuid()}/agent.sock")  # noqa: S108 - owner is checked on use
