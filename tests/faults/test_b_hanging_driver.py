"""A driver that hangs holds up nobody else, and its counter tells all that passed meanwhile."""

import time

from tests.faults.package import Package
from tests.faults.stage import Chance, Stage, arrived, assert_all_there, gpu_of, seen, stop
from tests.waiting import until

#: For so long it hangs, s of real time.
HANG_S = 5.0
JOULE_UJ = 1_000_000


def test_while_the_driver_of_the_gpus_hangs_the_cpu_is_measured_on_and_no_joule_is_lost(
    stage: Stage, chance: Chance
) -> None:
    package = Package(stage.folder / "sys")
    server = stage.serve()
    agent = stage.agent(server.url, JOULEBOOK_SYSFS_ROOT=str(package.sysfs))
    assert seen(server)
    (uid,) = [one["uid"] for one in server.get("/v1/devices")["devices"] if one["kind"] == "cpu"]
    script, now_us = stage.gpu.script, stage.gpu.now_us
    script.write_text(f"{script.read_text()}hang {now_us + 1} {now_us + 60_000_000}\n")
    stage.gpu.later(3)
    end = time.perf_counter() + HANG_S
    while time.perf_counter() < end:
        package.use(7 * JOULE_UJ)
        assert arrived(server, package.counted_uj, uid)
    assert until(lambda: "nvml" in (_problem(server.get("/v1/devices")) or ""))
    stage.gpu.later(100)
    assert arrived(server, stage.gpu.counted_uj)
    stop(agent)
    assert_all_there(server, stage.gpu, chance)
    cpu = gpu_of(server, uid)
    assert (int(cpu["metered_uj"]), cpu["breaks"]) == (package.counted_uj, [])


def _problem(told: dict[str, list[dict[str, str | None]]]) -> str | None:
    (gpu,) = [one for one in told["devices"] if one["kind"] == "gpu"]
    return gpu["problem"]
