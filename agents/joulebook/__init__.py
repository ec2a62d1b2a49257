"""joulebook: every joule of an AI job, booked to one job, model and variant.

>>> import joulebook
>>> with joulebook.track(model="digits-mlp", variant="float32", kind="training") as run:
...     run.log(work={"samples": 1797}, quality={"accuracy": 0.97})
"""

from typing import TYPE_CHECKING, Any

from joulebook.tracking.track import track
from joulebook.version import VERSION

if TYPE_CHECKING:
    from joulebook.core.variant import Variant
    from joulebook.tracking.energy_meter import EnergyMeter
    from joulebook.tracking.run import Run

__version__ = VERSION

__all__ = ["EnergyMeter", "Run", "Variant", "__version__", "track"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of three classes
    """Load a public class on first use: most programs that import us only track."""
    if name == "Variant":
        from joulebook.core.variant import Variant  # noqa: PLC0415 - that is the point

        return Variant
    if name == "EnergyMeter":
        from joulebook.tracking.energy_meter import EnergyMeter  # noqa: PLC0415 - that is the point

        return EnergyMeter
    if name == "Run":
        from joulebook.tracking.run import Run  # noqa: PLC0415 - that is the point

        return Run
    raise AttributeError(f"module 'joulebook' has no attribute {name!r}")
