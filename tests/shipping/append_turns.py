"""A process that appends an agent's batches to a small spool, which merges all the time.

Usage: python -m tests.shipping.append_turns FILE BYTES
"""

import sys
from itertools import count
from pathlib import Path

from tests.shipping.measured import append

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Bounds, Spool


def main(path: str, max_bytes: str) -> None:
    """Append one turn after another, printing each once it is kept."""
    spool = Spool(Path(path), SystemClock(), Bounds(int(max_bytes), 10**18))
    for turn in count():
        append(spool, [turn])
        print(turn, flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
