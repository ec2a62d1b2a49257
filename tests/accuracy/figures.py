"""What many windows of one class come to: how wrong they are, and how wrong they say they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from tests.accuracy.measuring import Outcome


@dataclass(frozen=True, slots=True)
class Figures:
    """Errors relative to the energy that passed.

    Attributes:
        median, p95: The error really made, at the 50th and the 95th percentile.
        stated, stated_p95: The uncertainty that is stated: its mean and its 95th percentile.
        coverage: Share of the windows whose uncertainty covers the truth.
        needed: What the stated uncertainties could be multiplied by to cover just 95 %.
    """

    median: float
    p95: float
    stated: float
    stated_p95: float
    coverage: float
    needed: float

    @property
    def width(self) -> float:
        """How wide the uncertainty is, in errors really made."""
        return self.stated / self.p95


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Sum up the windows of one class."""
    errors = [one.off_nj / one.true_nj for one in outcomes]
    stated = [one.stated_nj / one.true_nj for one in outcomes]
    return Figures(
        median=percentile(errors, 50),
        p95=percentile(errors, 95),
        stated=sum(stated) / len(stated),
        stated_p95=percentile(stated, 95),
        coverage=sum(one.off_nj <= one.stated_nj for one in outcomes) / len(outcomes),
        needed=percentile([one.off_nj / one.stated_nj for one in outcomes], 95),
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many per cent of them do not exceed."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


def table(seed: int, rows: Mapping[tuple[str, str, int], Figures]) -> str:
    """All classes, one a line."""
    head = (
        f"seed {seed}; error made and stated in % of the energy\n"
        f"{'sensor':16}{'trace':8}{'window':>6}{'median':>8}{'p95':>8}{'stated':>8}"
        f"{'its p95':>9}{'covers':>8}{'width':>7}{'needed':>8}"
    )
    return "\n".join([head, *(_row(*key, found) for key, found in rows.items())])


def _row(sensor: str, trace: str, length_s: int, found: Figures) -> str:
    return (
        f"{sensor:16}{trace:8}{length_s:>4} s{100 * found.median:8.2f}{100 * found.p95:8.2f}"
        f"{100 * found.stated:8.2f}{100 * found.stated_p95:9.2f}{100 * found.coverage:6.1f} %"
        f"{found.width:7.2f}{found.needed:8.2f}"
    )
