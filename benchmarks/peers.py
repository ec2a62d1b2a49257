"""The environment that holds the peers, apart from ours: `make bench PEERS=1` makes it."""

import sys
from pathlib import Path

_PYTHON = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"


def peer_python() -> str:
    """Their interpreter.

    Raises:
        SystemExit: It was not made yet.
    """
    if not _PYTHON.exists():
        sys.exit("the peers are not installed: run `make bench PEERS=1`")
    return str(_PYTHON)
