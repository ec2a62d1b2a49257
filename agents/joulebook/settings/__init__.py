"""What is set, and where it came from: the only reader of environment and config file.

Precedence: command line, environment (``JOULEBOOK_*``), file (``joulebook.toml``), default.
`records` names what there is, `values` reads each value, `sources` finds them.
"""

from joulebook.settings.loading import describe, load
from joulebook.settings.records import Labels, Settings

__all__ = ["Labels", "Settings", "describe", "load"]
