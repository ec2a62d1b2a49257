"""Who holds a GPU, on a driver of our own making, in virtual time."""

from typing import Any

import pytest
from tests.probes.conftest import Play

SECOND = 1_000_000
DEVICE = "device\npower 0 100000\nsample_period 200000\n"
PARTED = "mig on\ninstance MIG-1 3 0 4 20480\ninstance MIG-2 9 0 1 5120\n"


def look(play: Play, script: str, *times_us: int) -> Any:  # noqa: ANN401 - JSON
    """Look once at each time; the answer of the last look."""
    steps = [step for at_us in times_us for step in (("clock", at_us), ("holders", 0))]
    return play(script, ("find",), *steps)[-1]


def told(holders: list[dict[str, Any]]) -> list[tuple[int, int, int | None]]:
    """Process, memory and SM share of each."""
    return [(one["pid"], one["memory_bytes"], one["sm_share"]) for one in holders]


def shares(holders: list[dict[str, int]]) -> dict[int, int]:
    return {holder["pid"]: holder["sm_share"] for holder in holders}


def test_a_gpu_without_a_process_has_no_holder(play: Play) -> None:
    assert look(play, DEVICE, SECOND) == []


def test_a_holder_has_its_memory(play: Play) -> None:
    script = DEVICE + "process 4711 1073741824 0\n"
    assert told(look(play, script, SECOND)) == [(4711, 1_073_741_824, 0)]


def test_samples_are_summed_since_the_last_look(play: Play) -> None:
    script = DEVICE + "process 1 100 30\nprocess 2 100 60\n"
    # Samples at 1.2, 1.4, 1.6, 1.8 and 2.0 s.
    assert shares(look(play, script, SECOND, 2 * SECOND)) == {1: 150, 2: 300}


def test_a_sample_is_counted_once(play: Play) -> None:
    script = DEVICE + "process 1 100 30\n"
    assert shares(look(play, script, SECOND, SECOND)) == {1: 0}


def test_samples_from_before_the_first_look_at_the_gpu_are_not_counted(play: Play) -> None:
    script = DEVICE + "period 2000\nprocess 1 100 30\n"
    play_start = ("clock", 10 * SECOND)
    *_, holders = play(script, play_start, ("find",), ("clock", 10_400_000), ("holders", 0))
    assert shares(holders) == {1: 60}


def test_no_samples_leave_the_memory_and_a_share_of_0(play: Play) -> None:
    script = DEVICE + "process 1 100 30\nerror NOT_FOUND 0 samples\n"
    assert told(look(play, script, SECOND)) == [(1, 100, 0)]


@pytest.mark.parametrize("error", ["NOT_SUPPORTED", "NO_PERMISSION", "TIMEOUT"])
def test_samples_that_are_not_told_are_no_share_of_0(play: Play, error: str) -> None:
    script = DEVICE + f"process 1 100 30\nerror {error} 0 samples\n"
    assert told(look(play, script, SECOND)) == [(1, 100, None)]


def test_a_process_that_ended_since_the_last_look_keeps_its_samples(play: Play) -> None:
    script = DEVICE + "process 1 100 30 0 1500000\n"
    # Samples at 1.2 and 1.4 s; the process is gone at 2 s.
    assert told(look(play, script, SECOND, 2 * SECOND)) == [(1, 0, 60)]


def test_memory_that_is_unknown_of_one_counts_for_none(play: Play) -> None:
    script = DEVICE + "process 1 unknown 30\nprocess 2 100 30\n"
    assert [holder["memory_bytes"] for holder in look(play, script, SECOND)] == [0, 0]


def test_a_sample_above_the_whole_device_is_left_out(play: Play) -> None:
    script = DEVICE + "process 1 100 30\nprocess 2 100 4000\n"
    assert shares(look(play, script, SECOND, 2 * SECOND)) == {1: 150, 2: 0}


def test_under_mig_a_process_is_in_its_instance_with_its_slices(play: Play) -> None:
    script = DEVICE + PARTED + "process 1 100 30 0 99000000 3 0\nprocess 2 50 9 0 99000000 9 0\n"
    holders = look(play, script, SECOND)
    assert [(one["pid"], one["instance"], one["slices"]) for one in holders] == [
        (1, 3, [4, 7]),
        (2, 9, [1, 7]),
    ]
    assert told(holders) == [(1, 100, None), (2, 50, None)]


def test_under_mig_a_gpu_without_a_process_has_no_holder(play: Play) -> None:
    assert look(play, DEVICE + PARTED, SECOND) == []


def test_compute_instances_of_one_gpu_instance_are_taken_together(play: Play) -> None:
    two = "mig on\ninstance MIG-1 3 0 4 20480\ninstance MIG-2 3 1 4 20480\n"
    script = DEVICE + two + "process 1 100 30 0 99000000 3 0\nprocess 2 50 9 0 99000000 3 1\n"
    assert [(one["instance"], one["slices"]) for one in look(play, script, SECOND)] == [
        (3, [4, 7]),
        (3, [4, 7]),
    ]


@pytest.mark.parametrize(
    "process",
    [
        "process 1 100 30\n",  # the driver does not say where it is
        "process 1 100 30 0 99000000 5 0\n",  # in an instance that nobody lists
    ],
)
def test_under_mig_a_process_that_cannot_be_placed_leaves_nobody_to_tell(
    play: Play, process: str
) -> None:
    assert look(play, DEVICE + PARTED + process, SECOND) is None


def test_under_mig_slices_that_are_not_told_leave_nobody_to_tell(play: Play) -> None:
    none = PARTED.replace("3 0 4 20480", "3 0 0 20480")
    script = DEVICE + none + "process 1 100 30 0 99000000 3 0\n"
    assert look(play, script, SECOND) is None


def test_mig_turned_on_later_is_seen(play: Play) -> None:
    script = DEVICE + "process 1 100 30 0 99000000 3 0\n"
    *_, holders = play(
        script, ("find",), ("script", script + PARTED), ("clock", SECOND), ("holders", 0)
    )
    assert [one["instance"] for one in holders] == [3]


def test_a_driver_that_lists_no_processes_cannot_tell(play: Play) -> None:
    script = DEVICE + "process 1 100 30\nerror NO_PERMISSION 0 processes\n"
    assert look(play, script, SECOND) is None


def test_a_lost_gpu_has_gone_for_its_holders_too(play: Play) -> None:
    script = DEVICE + "process 1 100 30\nerror GPU_IS_LOST 900000\n"
    assert look(play, script, SECOND)["error"] == "Gone"


def test_a_gpu_with_a_problem_cannot_tell(play: Play) -> None:
    assert look(play, "device\nerror UNKNOWN 0 uuid\n", SECOND) is None
