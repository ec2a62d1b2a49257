"""What was measured, put into a batch."""

from joulebook.core.attribute import Bucket
from joulebook.core.window import Window
from joulebook.metering.assemble import Booked, Entry, Share, assemble
from joulebook.probes.protocol import Sensor
from joulebook.wire import Agent, Batch, Host, check

START_US = 1_795_428_000_000_000
SENSOR = Sensor("GPU-1", 0, "gpu", "gpu", True, "one", "nvidia", "counter")  # noqa: FBT003 - additive


def batch_of(counter_start_uj: int, energy_uj: int) -> Batch:
    window = Window(
        uid="GPU-1",
        start_us=START_US,
        end_us=START_US + 10_000_000,
        counter_start_uj=counter_start_uj,
        counter_end_uj=counter_start_uj + energy_uj,
        energy_uj=energy_uj,
        observed_us=10_000_000,
        method="counter",
        err_sys_uj=0,
        err_rand_uj=0,
        power_max_mw=None,
        utilization=None,
    )
    booked = Booked(window, [Share(Bucket.IDLE, None, energy_uj)])
    return assemble(
        Entry([booked], []),
        agent=Agent("a", "e", "agent", "0.1.0"),
        seq=0,
        host=Host("h", "node", "b"),
        sensors=[SENSOR],
    )


def test_a_window_becomes_a_batch_that_keeps_every_rule() -> None:
    check(batch_of(100, 5_000), START_US)


def test_a_counter_of_many_months_keeps_every_rule() -> None:
    check(batch_of(2**60 + 100, 5_000), START_US)


def test_a_counter_that_passes_what_json_keeps_exact_keeps_every_rule() -> None:
    check(batch_of(2**53 - 100, 5_000), START_US)
