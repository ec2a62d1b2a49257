"""`python -m joulebook_demo`."""

import signal
import sys

from joulebook_demo.cli import main

#: As a shell reports an end by SIGTERM.
TERMINATED = 128 + signal.SIGTERM

# Asked to end, it leaves no temporary folder behind.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
sys.exit(main())
