"""Windows from energy counters against the energy that really passed, on 200 random traces."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest
from tests.accuracy.figures import figures, table
from tests.accuracy.measuring import TRACES, Outcome, measured, seeded
from tests.accuracy.simulated import Counter, gpu_counter, rapl, renewed
from tests.accuracy.traces import KINDS, MS, Trace

from joulebook.core.units import US_PER_S

SEED = 17
LENGTHS_S = (1, 2, 5, 10)

COUNTERS: Mapping[str, Callable[[Random], Counter]] = {
    "GPU": lambda random: gpu_counter(random.randint(20 * MS, 100 * MS)),
    "GPU, 100 ms": lambda _: gpu_counter(100 * MS),
    # The 32 bits run over within most of the traces.
    "RAPL": lambda random: rapl(2**32 - random.randint(0, 200_000_000)),
}


@dataclass(frozen=True, slots=True)
class Run:
    """All windows on one trace."""

    counter: Counter
    trace: Trace
    phase_us: int
    outcomes: list[Outcome]

    def hidden_nj(self, at_us: int) -> int:
        """Energy that the counter did not show yet at a moment, nJ."""
        shown_us = renewed(at_us, self.counter.update_us, self.phase_us)
        return self.trace.between_nj(shown_us, at_us)


@pytest.fixture(scope="module")
def runs() -> dict[tuple[str, str], list[Run]]:
    print(f"seed {SEED}")  # noqa: T201 - pytest shows it where a test fails, and with -s
    lengths_us = [length_s * US_PER_S for length_s in LENGTHS_S]
    found: dict[tuple[str, str], list[Run]] = {}
    for name, counter_of in COUNTERS.items():
        for kind in KINDS:
            for number in range(TRACES):
                random = seeded(SEED, kind, number)
                counter = counter_of(random)
                run = Run(counter, *measured(random, kind, counter, lengths_us))
                found.setdefault((name, kind), []).append(run)
    return found


Runs = Mapping[tuple[str, str], list[Run]]


def test_a_window_is_exact_but_for_what_the_counter_had_not_shown_at_its_edges(runs: Runs) -> None:
    for key, several in runs.items():
        for run in several:
            for one in run.outcomes:
                edges_nj = run.hidden_nj(one.start_us), run.hidden_nj(one.end_us)
                # A step at either edge, and the microjoule in which the counter is told.
                allowed_nj = max(edges_nj) + run.counter.step_nj + 1_000
                assert one.off_nj <= allowed_nj, (SEED, key, one)


def test_what_the_counter_had_not_shown_is_all_that_the_error_comes_from(runs: Runs) -> None:
    for several in runs.values():
        for run in several:
            for one in run.outcomes:
                edges_nj = run.hidden_nj(one.start_us) - run.hidden_nj(one.end_us)
                told_nj = one.shown.energy_uj * 1_000 - one.true_nj
                assert abs(told_nj - edges_nj) <= run.counter.step_nj + 1_000


def test_windows_add_up_to_what_the_counter_moved_by(runs: Runs) -> None:
    for several in runs.values():
        for run in several:
            shown = [one.shown for one in run.outcomes]
            total_uj = sum(one.energy_uj for one in shown)
            first_uj, last_uj = shown[0].counter_start_uj, shown[-1].counter_end_uj
            assert first_uj is not None
            assert last_uj is not None
            moved_uj = last_uj - first_uj
            if moved_uj < 0:
                moved_uj += run.counter.sensor().range_uj or 0
            assert total_uj == moved_uj
            for before, after in pairwise(shown):
                assert before.counter_end_uj == after.counter_start_uj


def test_most_rapl_counters_ran_over_meanwhile(runs: Runs) -> None:
    wrapped = [
        (run.outcomes[-1].shown.counter_end_uj or 0) < (run.outcomes[0].shown.counter_start_uj or 0)
        for run in runs["RAPL", "steps"]
    ]
    assert sum(wrapped) > TRACES // 3


def test_the_stated_uncertainty_covers_the_truth_in_95_percent_of_the_traces_and_is_not_wide(
    runs: Runs,
) -> None:
    rows = {
        (name, kind, length_s): figures([run.outcomes[index] for run in several])
        for (name, kind), several in runs.items()
        for index, length_s in enumerate(LENGTHS_S)
    }
    failing = {
        key: found for key, found in rows.items() if found.coverage < 0.95 or found.width > 3
    }
    assert not failing, table(SEED, failing)
