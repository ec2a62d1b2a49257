import os
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joulebook.core.units import QUARTER_US
from joulebook.probes.protocol import Holder
from joulebook.shipping.shipper import Shipped
from joulebook.wire import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.metering.conftest import Bench

    from joulebook.metering.span import Span

    BenchOf = Callable[..., Bench]

SECOND = 1_000_000


def ours() -> list[Holder]:
    return [Holder(pid=os.getpid(), memory_bytes=1 << 30, sm_share=90)]


def test_a_span_gets_what_the_counter_moved_by_while_it_was_open(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=ours())
    bench.clock.advance(SECOND)
    span = bench.span()
    bench.session.begin(span)
    bench.clock.advance(7 * SECOND)
    bench.session.end(span)
    assert bench.booked() == {("job", span.uid): 300 * 7 * SECOND}
    assert span.tally.total_uj == 300 * 7 * SECOND
    assert span.tally.coverage(7 * SECOND) == 1.0


def test_a_gpu_that_nobody_holds_is_idle_and_not_the_jobs(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=[])
    span = bench.span()
    bench.session.begin(span)
    bench.clock.advance(SECOND)
    bench.session.end(span)
    assert bench.booked() == {("idle", None): 300 * SECOND}
    assert span.tally.total_uj == 0


def test_a_gpu_whose_processes_nobody_can_tell_is_unknown(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=None)
    span = bench.span()
    bench.session.begin(span)
    bench.clock.advance(SECOND)
    bench.session.end(span)
    assert bench.booked() == {("unknown", None): 300 * SECOND}


def test_a_nested_span_takes_its_energy_and_the_outer_total_includes_it_once(
    bench_of: "BenchOf",
) -> None:
    bench = bench_of(holders=ours())
    outer = bench.span()
    bench.session.begin(outer)
    bench.clock.advance(2 * SECOND)
    inner = bench.span(parent=outer)
    bench.session.begin(inner)
    bench.clock.advance(3 * SECOND)
    bench.session.end(inner)
    bench.clock.advance(SECOND)
    bench.session.end(outer)
    assert bench.booked() == {
        ("job", outer.uid): 300 * 3 * SECOND,
        ("job", inner.uid): 300 * 3 * SECOND,
    }
    assert outer.tally.total_uj == 300 * 6 * SECOND


def test_spans_side_by_side_share_equally(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=ours())
    first, second = bench.span(), bench.span()
    bench.session.begin(first)
    bench.session.begin(second)
    bench.clock.advance(SECOND)
    bench.session.end(first)
    bench.session.end(second)
    assert bench.booked() == {
        ("job", first.uid): 150 * SECOND,
        ("job", second.uid): 150 * SECOND,
    }


def test_no_window_crosses_a_quarter_hour_however_late_it_is_cut(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=ours())
    span = bench.span()
    bench.session.begin(span)
    bench.clock.advance(2 * QUARTER_US + 5)
    assert bench.session.tick()
    bench.session.end(span)
    for batch in bench.batches():
        check(batch, bench.clock.wall_us())
    assert bench.booked() == {("job", span.uid): 300 * (2 * QUARTER_US + 5)}


def test_a_full_window_is_durable_before_the_span_ends(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=ours(), window_s=10.0)
    span = bench.span()
    bench.session.begin(span)
    bench.clock.advance(10 * SECOND)
    assert bench.session.tick()
    assert bench.booked() == {("job", span.uid): 300 * 10 * SECOND}


def test_a_server_may_ask_for_longer_windows(bench_of: "BenchOf") -> None:
    bench = bench_of(holders=ours(), window_s=10.0)
    span = bench.span()
    bench.session.begin(span)
    bench.session.outbox.last = Shipped(1, 0, 0, None, window_us=30 * SECOND)
    bench.clock.advance(29 * SECOND)
    assert not bench.session.tick()
    bench.clock.advance(SECOND)
    assert bench.session.tick()


def test_every_record_of_a_job_has_a_higher_revision_than_the_one_before(
    bench_of: "BenchOf",
) -> None:
    bench = bench_of(holders=ours())
    span = bench.span()
    bench.session.begin(span)
    for _ in range(3):
        bench.clock.advance(10 * SECOND)
        bench.clock.step_wall(-10 * SECOND)
        bench.session.tick()
    bench.session.end(span)
    revisions = [job.rev for batch in bench.batches() for job in batch.jobs]
    assert revisions == sorted(set(revisions))


steps = st.lists(
    st.tuples(
        st.sampled_from(["begin", "nest", "end", "tick", "step wall"]),
        st.integers(1, 40 * SECOND),
    ),
    min_size=1,
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_whatever_the_spans_do_the_parts_equal_what_the_meter_counted(
    bench_of: "BenchOf", steps: list[tuple[str, int]]
) -> None:
    bench = bench_of(holders=ours())
    already = sum(bench.booked().values())
    open_spans: list[Span] = []
    counted = 0
    for action, pause in steps:
        bench.clock.advance(pause)
        counted += 300 * pause if open_spans else 0
        if action == "begin" or (action == "nest" and not open_spans):
            open_spans.append(bench.span())
            bench.session.begin(open_spans[-1])
        elif action == "nest":
            open_spans.append(bench.span(parent=open_spans[-1]))
            bench.session.begin(open_spans[-1])
        elif action == "end" and open_spans:
            bench.session.end(open_spans.pop())
        elif action == "step wall":
            bench.clock.step_wall(pause - 20 * SECOND)
        else:
            bench.session.tick()
    while open_spans:
        bench.session.end(open_spans.pop())
    assert sum(bench.booked().values()) - already == counted
    for batch in bench.batches():
        check(batch, bench.clock.wall_us() + 40 * SECOND)
