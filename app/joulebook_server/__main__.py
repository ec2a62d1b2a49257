"""`python -m joulebook_server`."""

import sys

from joulebook_server.cli import main

sys.exit(main())
