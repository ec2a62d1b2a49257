"""Real network namespaces with an address, as a container has one."""

import os
import shutil

_SCRIPT = """
ip link set lo up || exit
for address; do
    shift
    test "$address" = -- && break
    ip address add "$address" dev lo || echo "no $address here" >&2
done
exec "$@"
"""


def missing() -> str | None:
    """What it takes and is not here; None where it works."""
    if os.geteuid() or not (shutil.which("unshare") and shutil.which("ip")):
        return "needs root, unshare(1) and ip(8) for a network namespace"
    return None


def within(*addresses: str) -> tuple[str, ...]:
    """What starts a command in a namespace of its own that has some addresses."""
    return ("unshare", "--net", "sh", "-c", _SCRIPT, "sh", *addresses, "--")
