"""What the session tells at every cut adds up, to the microjoule."""

import threading

from tests.watching.conftest import SECOND, SENSORS, START_US, booked, job, sensor

from joulebook.clock import ManualClock
from joulebook.watching.watched import Watched


def test_windows_add_up_by_device_and_bucket_and_job(watched: Watched) -> None:
    for _ in range(2):
        watched.take(
            [
                booked("GPU-1", {("job", "run:1"): 700, ("held", "run:1"): 20, ("idle", None): 80}),
                booked("cpu:m:package-0", {("system", None): 3}, method="estimated"),
            ],
            [job("run:1")],
            {},
            SENSORS,
        )
    told = watched.look()
    assert told.devices == {
        ("GPU-1", "gpu", "counter"): 1_600,
        ("cpu:m:package-0", "cpu", "estimated"): 6,
    }
    assert told.buckets == {
        ("gpu", "job"): 1_400,
        ("gpu", "held"): 40,
        ("gpu", "idle"): 160,
        ("cpu", "system"): 6,
    }
    (figures,) = told.jobs
    assert figures.energy_uj == {("gpu", "counter"): 1_440}  # what it held is its own, too


def test_a_meter_around_other_devices_is_in_no_bucket(watched: Watched) -> None:
    watched.take([booked("wall", energy_uj=9_000)], [], {}, SENSORS)
    assert watched.look().devices == {("wall", "host", "counter"): 9_000}
    assert watched.look().buckets == {}


def test_energy_beyond_what_a_float_can_hold_is_exact(watched: Watched) -> None:
    for energy_uj in (2**60, 1):
        watched.take([booked(shares={("idle", None): energy_uj})], [], {}, SENSORS)
    assert watched.look().devices["GPU-1", "gpu", "counter"] == 2**60 + 1


def test_a_device_that_left_keeps_what_it_used(watched: Watched) -> None:
    watched.take([booked(shares={("idle", None): 5})], [], {}, SENSORS)
    watched.take([], [], {}, SENSORS[1:])
    assert watched.look().devices == {("GPU-1", "gpu", "counter"): 5}
    assert ("GPU-1", "gpu") not in watched.look().problems


def test_a_problem_is_told_while_it_lasts(watched: Watched) -> None:
    watched.take([], [], {"GPU-1": "is lost"}, SENSORS)
    assert watched.look().problems["GPU-1", "gpu"] is True
    watched.take([], [], {}, SENSORS)
    assert watched.look().problems["GPU-1", "gpu"] is False


def test_a_sensor_that_was_never_readable_has_a_problem(watched: Watched) -> None:
    watched.take([], [], {}, [sensor("cpu:m:package-0", "cpu", problem="root only")])
    assert watched.look().problems == {("cpu:m:package-0", "cpu"): True}


def test_a_part_of_a_device_has_no_line_of_its_own(watched: Watched) -> None:
    watched.take([], [], {}, [*SENSORS, sensor("MIG-1", "gpu", parent="GPU-1")])
    assert ("MIG-1", "gpu") not in watched.look().problems


def test_what_the_agent_used_is_not_known_before_a_window_tells(watched: Watched) -> None:
    watched.take([booked(shares={("unknown", None): 5})], [], {}, SENSORS)
    assert watched.look().own_uj is None
    watched.take([booked(shares={("system", None): 5}, own_uj=0)], [], {}, SENSORS)
    assert watched.look().own_uj == 0
    watched.take([booked(shares={("system", None): 5}, own_uj=4)], [], {}, SENSORS)
    assert watched.look().own_uj == 4


def test_silence_is_counted_from_the_start_and_then_from_the_last_window(
    watched: Watched, clock: ManualClock
) -> None:
    clock.advance(3 * SECOND)
    assert watched.silent_us() == (3 * SECOND, False)
    watched.take([booked()], [], {}, SENSORS)
    clock.advance(SECOND)
    assert watched.silent_us() == (SECOND, True)


def test_a_cut_without_windows_does_not_end_the_silence(
    watched: Watched, clock: ManualClock
) -> None:
    clock.advance(SECOND)
    watched.take([], [job()], {}, SENSORS)
    assert watched.silent_us() == (SECOND, False)


def test_a_wall_clock_that_steps_back_does_not_make_the_last_window_older(
    watched: Watched,
) -> None:
    watched.take([booked(end_us=START_US + 60 * SECOND)], [], {}, SENSORS)
    watched.take([booked(end_us=START_US + 30 * SECOND)], [], {}, SENSORS)
    assert watched.look().last_end_us == START_US + 60 * SECOND


def test_many_may_look_while_windows_come(watched: Watched) -> None:
    seen: list[int] = []

    def look() -> None:
        key = ("GPU-1", "gpu", "counter")
        seen.extend(watched.look().devices.get(key, 0) for _ in range(200))

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(200):
        uid = f"run:{number}"
        watched.take([booked(shares={("job", uid): 1})], [job(uid)], {}, SENSORS)
    for thread in threads:
        thread.join()
    assert watched.look().devices["GPU-1", "gpu", "counter"] == 200
    assert max(seen) <= 200
