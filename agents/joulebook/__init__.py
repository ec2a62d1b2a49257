"""joulebook: every joule of an AI job, booked to one job, model and variant.

>>> import joulebook
>>> with joulebook.track(model="digits-mlp", variant="float32", kind="training") as run:
...     run.log(work={"samples": 1797}, quality={"accuracy": 0.97})
"""

from joulebook.core.variant import Variant
from joulebook.tracking.run import Run
from joulebook.tracking.track import track
from joulebook.version import VERSION

__version__ = VERSION

__all__ = ["Run", "Variant", "__version__", "track"]
