"""Partitioned and virtual GPUs, on a driver of our own making."""

from tests.probes.conftest import Play

WHOLE = "device\nuuid GPU-a\nname Simulated A100\npower 0 100000\n"
PARTS = "mig on\ninstance MIG-1 3 0 3 20480\ninstance MIG-2 9 0 1 5120\n"
#: What the driver itself refuses where a GPU is a guest's part of one.
NOTHING = "".join(f"error NOT_SUPPORTED 0 {what}\n" for what in ("energy", "fields", "power"))


def test_a_partitioned_gpu_is_metered_and_its_instances_are_listed_with_their_parent(
    play: Play,
) -> None:
    parent, *parts = play(WHOLE + PARTS, ("find",))[0]["sensors"]
    assert (parent["uid"], parent["method"], parent["parent"]) == ("GPU-a", "counter", None)
    assert [(part["uid"], part["parent"]) for part in parts] == [
        ("MIG-1", "GPU-a"),
        ("MIG-2", "GPU-a"),
    ]


def test_an_instance_has_no_meter_and_says_whose_it_shares(play: Play) -> None:
    part = play(WHOLE + PARTS, ("find",))[0]["sensors"][1]
    assert (part["method"], part["additive"]) == (None, False)
    assert "share of GPU-a" in part["problem"]
    assert part["name"] == "Simulated A100 MIG 3g.20gb"
    assert part["simulated"]


def test_a_whole_gpu_has_no_instances(play: Play) -> None:
    off = WHOLE + PARTS.replace("mig on\n", "")
    assert len(play(off, ("find",))[0]["sensors"]) == 1


def test_instances_that_nobody_can_list_leave_their_parent(play: Play) -> None:
    script = WHOLE + PARTS + "error NO_PERMISSION 0 instances\n"
    (parent,) = play(script, ("find",))[0]["sensors"]
    assert parent["method"] == "counter"


def test_instances_made_later_are_seen_at_the_next_look(play: Play) -> None:
    before, _, after = play(WHOLE, ("find",), ("script", WHOLE + PARTS), ("find",))
    assert [sensor["uid"] for sensor in before["sensors"]] == ["GPU-a"]
    assert [sensor["uid"] for sensor in after["sensors"]] == ["GPU-a", "MIG-1", "MIG-2"]


def test_a_virtual_gpu_that_tells_nothing_is_to_be_measured_on_its_host(play: Play) -> None:
    (sensor,) = play(WHOLE + "virtualization 2\n" + NOTHING, ("find",))[0]["sensors"]
    assert sensor["method"] is None
    assert "measure on the host" in sensor["problem"]


def test_a_virtual_gpu_that_tells_power_is_shown_beside_the_others_and_not_added(
    play: Play,
) -> None:
    script = WHOLE + "virtualization 2\nerror NOT_SUPPORTED 0 energy\n"
    (sensor,) = play(script, ("find",))[0]["sensors"]
    assert (sensor["method"], sensor["additive"]) == ("integrated", False)
    assert sensor["name"].endswith("(vGPU)")


def test_a_gpu_that_is_passed_through_is_whole(play: Play) -> None:
    (sensor,) = play(WHOLE + "virtualization 1\n", ("find",))[0]["sensors"]
    assert (sensor["method"], sensor["additive"]) == ("counter", True)
