"""`python -m joulebook_demo`."""

import sys

from joulebook_demo.cli import main

sys.exit(main())
