"""Does a variant save energy? Paired by round, with an interval.

The rounds are randomised complete blocks, so the comparison is the logarithm of the ratio to
the baseline in the same round, with Student's t interval over the rounds. A gain error of the
sensor is in both and cancels.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: 97.5 % quantiles of Student's t by degrees of freedom (any statistics table).
T_975 = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """Energy per inference against the baseline's.

    Attributes:
        label: Name of the variant.
        baseline: Name of the baseline.
        ratio: Geometric mean over the rounds of variant / baseline; None if not measured.
        low: Lower end of the 95 % interval of the ratio; None if it cannot be computed.
        high: Its upper end.
    """

    label: str
    baseline: str
    ratio: float | None
    low: float | None = None
    high: float | None = None

    def line(self) -> str:
        """One sentence that claims no more than the interval does."""
        if self.ratio is None:
            return f"{self.label}: not compared, an inference job has no measured energy"
        if self.low is None or self.high is None:
            return (
                f"{self.label}: {self.ratio:.2f} x the energy of {self.baseline}, "
                "of too few rounds to say how surely"
            )
        return f"{self.label}: {self._claim(self.ratio, self.low, self.high)}"

    def _claim(self, ratio: float, low: float, high: float) -> str:
        interval = f"(ratio {ratio:.3g}, 95 % interval {low:.3g} to {high:.3g})"
        if high < 1:
            return f"saves {100 * (1 - ratio):.0f} % of {self.baseline}'s energy {interval}"
        if low > 1:
            return f"saves nothing, it takes {ratio:.2f} x the energy of {self.baseline} {interval}"
        return f"no saving shown against {self.baseline} {interval}"


def compare(
    label: str,
    energies: Sequence[float | None],
    baseline: str,
    against: Sequence[float | None],
) -> Verdict:
    """Compare two variants over the same rounds.

    Args:
        label: Name of the variant.
        energies: Its energy per inference, one a round, any unit.
        baseline: Name of the baseline.
        against: The baseline's, in the same rounds.
    """
    logs = [
        math.log(mine / theirs)
        for mine, theirs in zip(energies, against, strict=True)
        if mine is not None and theirs is not None
    ]
    if not logs or len(logs) < len(energies):
        return Verdict(label, baseline, None)
    mean = statistics.fmean(logs)
    half = _half_width(logs)
    if half is None:
        return Verdict(label, baseline, math.exp(mean))
    return Verdict(label, baseline, math.exp(mean), math.exp(mean - half), math.exp(mean + half))


def _half_width(logs: Sequence[float]) -> float | None:
    quantile = T_975.get(len(logs) - 1)
    if quantile is None:
        return None
    return quantile * statistics.stdev(logs) / math.sqrt(len(logs))
