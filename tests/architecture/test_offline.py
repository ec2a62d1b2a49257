"""Nothing leaves the machine unless a server is named."""

import json
import os
import subprocess
import sys
from pathlib import Path

# What Python itself sees of any way out: a name looked up, a connection, a datagram.
TRACKED = """
import json, sys
seen = []
ways = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
sys.addaudithook(lambda name, args: seen.append(name) if name in ways else None)
import joulebook
with joulebook.track(model="m", kind="other", summary=False) as run:
    sum(range(100_000))
print(json.dumps({"seen": seen, "kept": run.summary.kept if run.summary else None}))
"""


def _track(folder: Path, **extra: str) -> dict[str, object]:
    extra = {"JOULEBOOK_AGENT_SOCKET": "none", **extra}
    inherited = {key: value for key, value in os.environ.items() if "JOULEBOOK" not in key}  # noqa: TID251 - handed to a real process
    done = subprocess.run(
        [sys.executable, "-I", "-c", TRACKED],
        env=inherited | {"HOME": str(folder), "JOULEBOOK_STATE_DIR": str(folder)} | extra,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def test_a_tracked_job_without_a_server_opens_no_way_out(tmp_path: Path) -> None:
    told = _track(tmp_path)
    assert told["seen"] == []
    assert "kept in" in str(told["kept"])


def test_the_same_job_with_a_server_named_is_seen_to_connect(tmp_path: Path) -> None:
    told = _track(tmp_path, JOULEBOOK_SERVER="http://127.0.0.1:9")
    assert "socket.connect" in str(told["seen"])
