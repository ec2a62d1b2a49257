"""How exact a window is: by counter, by power, and by plain "power times interval".

All measure the same random traces, whose energy is known (tests/accuracy). The plain tracker reads
power once an interval and multiplies: 15 s is codecarbon's default (``measure_power_secs``). It
states no error. Virtual time: the figures do not depend on the machine, only on the seed.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.accuracy.figures import Figures, figures
from tests.accuracy.measuring import TRACES, Outcome, measured, seeded
from tests.accuracy.simulated import POWER, Kind, gpu_counter
from tests.accuracy.traces import KINDS, MS, Trace

from joulebook.core.units import US_PER_S

LENGTHS_S = (10, 60)
OURS: Mapping[str, Kind] = {
    "counter of 100 ms": gpu_counter(100 * MS),
    "power at 10 Hz": POWER["instant"],
    "the same, 1 s mean": POWER["1 s mean"],
}
PLAIN_S = (1, 15)

#: Length of the window in s, and by what its energy was told.
Row = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Plain:
    """What "power times interval" says; of its error it says nothing."""

    energy_uj: int
    err_rand_uj: int = 0
    counter_start_uj: int | None = None
    counter_end_uj: int | None = None


def main() -> None:
    """Measure all traces in all ways and print one line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=17)
    seed = parser.parse_args().seed
    print(f"{TRACES} random traces of each kind, seed {seed}, in % of the energy that passed")
    print(f"{'':34}{'error made':^16}{'error stated':^24}")
    heads = ("median", "95 %", "mean", "covers", "width")
    print(f"{'trace':8}{'window':>6}  {'by':18}{''.join(f'{head:>8}' for head in heads)}")
    for kind in KINDS:
        rows = _measured(seed, kind)
        for length_s, way in sorted(rows, key=lambda row: row[0]):
            print(_line(kind, length_s, way, figures(rows[length_s, way])))


def _measured(seed: int, kind: str) -> dict[Row, list[Outcome]]:
    found: dict[Row, list[Outcome]] = {}
    for number in range(TRACES):
        for row, outcome in _windows(seed, kind, number):
            found.setdefault(row, []).append(outcome)
    return found


def _windows(seed: int, kind: str, number: int) -> Iterator[tuple[Row, Outcome]]:
    """All windows on one trace, in all ways."""
    lengths_us = [length_s * US_PER_S for length_s in LENGTHS_S]
    for way, sensor in OURS.items():
        trace, _, outcomes = measured(seeded(seed, kind, number), kind, sensor, lengths_us)
        for length_s, outcome in zip(LENGTHS_S, outcomes, strict=True):
            yield (length_s, way), outcome
    for interval_s in PLAIN_S:  # the same trace for all: it follows from seed, kind and number
        for length_s, outcome in zip(LENGTHS_S, outcomes, strict=True):
            yield (length_s, f"power x {interval_s} s"), _plain(trace, outcome, interval_s)


def _plain(trace: Trace, window: Outcome, interval_s: int) -> Outcome:
    """One reading at the end of each interval, times its length."""
    ends_us = [*range(window.start_us, window.end_us, interval_s * US_PER_S), window.end_us]
    passed_nj = sum(trace.power_mw(end) * (end - start) for start, end in pairwise(ends_us))
    return replace(window, shown=Plain(passed_nj // 1_000))


def _line(kind: str, length_s: int, way: str, found: Figures) -> str:
    made = f"{100 * found.median:8.2f}{100 * found.p95:8.2f}"
    stated = f"{100 * found.stated:8.2f}{100 * found.coverage:6.0f} %{found.width:8.1f}"
    return f"{kind:8}{length_s:4} s  {way:18}{made}{stated if way in OURS else '       -' * 3}"


if __name__ == "__main__":
    main()
