"""A process that appends to a spool and says which numbers are durable.

Usage: python -m tests.shipping.append_batches FILE COUNT
"""

import sys
from pathlib import Path

from tests.shipping.batches import batch_of

from joulebook.clock import SystemClock
from joulebook.shipping.spool import Spool


def main(path: str, count: str) -> None:
    """Append `count` batches to the spool at `path`, printing each number once it is kept."""
    spool = Spool(Path(path), SystemClock())
    for _ in range(int(count)):
        print(spool.append(batch_of), flush=True)  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(*sys.argv[1:])
