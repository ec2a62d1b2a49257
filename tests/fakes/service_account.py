"""Starts a program where it finds the service account of a pod, as the kubelet mounts one.

The folder is the same in every pod, and is no setting of ours. So the program gets a mount
namespace of its own (unshare(1)), in which a file system in memory lies over ``/var/run``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount"
_SCRIPT = """
mount -t tmpfs none "$1" && mkdir -p "$2" && cp "$3" "$2/ca.crt" && printf %s "$4" > "$2/token" &&
shift 4 && exec "$@"
"""


def in_a_pod(words: Sequence[str], authority: Path, token: str) -> list[str] | None:
    """The command that starts Python with these words there; None where nobody may do that.

    Args:
        words: What follows the interpreter.
        authority: PEM certificate of who may vouch for the API server.
        token: Token of the account.
    """
    run = os.path.realpath("/var/run")
    inner = ["sh", "-c", _SCRIPT, "sh", run, FOLDER, str(authority), token]
    become = [] if os.getuid() == 0 else ["--map-root-user"]
    command = ["unshare", "--mount", "--propagation", "private", *become, *inner]
    if shutil.which("unshare") is None:
        return None
    if subprocess.run([*command, "true"], capture_output=True, check=False).returncode != 0:
        return None
    return [*command, sys.executable, *words]
