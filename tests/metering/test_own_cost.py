"""What the agent itself costs: visible inside `system`, and no job's."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis.strategies as st
from hypothesis import given
from tests.metering.conftest import SENSOR

from joulebook.core.attribute import NO_JOB, Bucket, Part
from joulebook.core.window import Window
from joulebook.metering.booking import book
from joulebook.metering.sampler import Metered
from joulebook.probes.protocol import Holder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.metering.conftest import Bench

    BenchOf = Callable[..., Bench]

OWN = 7
SECOND = 1_000_000


def metered(*parts: Part) -> Metered:
    energy_uj = sum(part.energy_uj for part in parts)
    window = Window(
        uid="cpu:m:package-0",
        start_us=0,
        end_us=SECOND,
        counter_start_uj=None,
        counter_end_uj=None,
        energy_uj=energy_uj,
        observed_us=SECOND,
        method="counter",
        err_sys_uj=0,
        err_rand_uj=0,
        power_max_mw=None,
        utilization=None,
    )
    return Metered(window, parts)


@given(st.integers(0, 2**53), st.integers(0, 2**53), st.integers(0, 2**53))
def test_its_share_goes_to_system_and_stays_visible(own: int, system: int, idle: int) -> None:
    parts = (
        Part(Bucket.JOB, OWN, own),
        Part(Bucket.SYSTEM, NO_JOB, system),
        Part(Bucket.IDLE, NO_JOB, idle),
    )
    booked = book(metered(*parts), "cpu", {}, (), own={OWN})
    sums = {share.bucket: share.energy_uj for share in booked.shares}
    assert sums.get(Bucket.SYSTEM, 0) == own + system
    assert sum(sums.values()) == booked.window.energy_uj
    assert booked.window.own_uj == own
    assert all(share.job_uid is None for share in booked.shares)


def test_where_nobody_can_tell_whose_it_was_its_own_is_not_told_as_nothing() -> None:
    booked = book(metered(Part(Bucket.UNKNOWN, NO_JOB, 5)), "cpu", {}, (), own={OWN})
    assert booked.window.own_uj is None


def test_a_program_that_measures_itself_tells_no_such_share() -> None:
    booked = book(metered(Part(Bucket.IDLE, NO_JOB, 5)), "cpu", {}, ())
    assert booked.window.own_uj is None


def test_a_gpu_that_only_the_agent_holds_is_the_agents(bench_of: "BenchOf") -> None:
    me = os.getpid()
    bench = bench_of(holders=[Holder(me, 1 << 20, 50)], own=frozenset({me}))
    bench.session.watch()
    bench.clock.advance(10 * SECOND)
    bench.session.close()
    assert bench.booked() == {("system", None): 300 * 10 * SECOND}
    assert sum(own or 0 for one in bench.batches() for own in one.meters.own_uj) == 3_000 * SECOND


def test_its_cpu_time_and_that_of_its_children_is_told(bench_of: "BenchOf") -> None:
    package = replace(SENSOR, uid="cpu:m:package-0", kind="cpu", scope="package")
    bench = bench_of(sensor=package, own=frozenset({os.getpid()}))
    bench.session.watch()
    burn = "import time\nwhile time.process_time() < 0.5: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    bench.clock.advance(10 * SECOND)
    bench.session.close()
    (own,) = (own for one in bench.batches() for own in one.meters.own_uj)
    booked = bench.booked()
    assert own
    assert own <= booked[("system", None)]
    assert set(booked) <= {("system", None), ("idle", None)}
