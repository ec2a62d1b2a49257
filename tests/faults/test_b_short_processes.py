"""Five hundred short processes a second: no look sees one, and the job still gets their time."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.package import Package
from tests.faults.stage import Chance, Stage, assert_all_there, stop

JOULE_UJ = 1_000_000
#: What the package uses while the command runs, µJ.
USED_UJ = 5_000 * JOULE_UJ
TICKS_PER_S = os.sysconf("SC_CLK_TCK")

#: A thousand processes, 500 a second where the machine can; tells what they took, in s.
COMMAND = """
import json, os, resource, sys, time
begun = time.perf_counter()
for number in range(1_000):
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    time.sleep(max(0.0, begun + (number + 1) / 500 - time.perf_counter()))
open(sys.argv[1], "r+").write(sys.argv[2])  # only now does the counter move
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps(used.ru_utime + used.ru_stime))
"""


def ticks_of_all() -> int:
    """All time of all CPUs since boot, clock ticks."""
    fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    return sum(map(int, fields))


def test_a_job_gets_the_energy_of_children_that_came_and_went_between_two_looks(
    stage: Stage, chance: Chance
) -> None:
    package = Package(stage.folder / "sys")
    server = stage.serve()
    agent = stage.agent(server.url, 60.0, JOULEBOOK_SYSFS_ROOT=str(package.sysfs))
    before = ticks_of_all()
    command = [sys.executable, "-c", COMMAND, *package.moving_by(USED_UJ)]
    done = subprocess.run(
        [sys.executable, "-m", "joulebook", "run", "--", *command],
        env=stage.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    capacity_s = (ticks_of_all() - before) / TICKS_PER_S
    stop(agent)
    children_s = json.loads(done.stdout)
    (cpu,) = [one for one in server.get("/v1/ledger/balance")["devices"] if one["kind"] == "cpu"]
    booked = {bucket: int(energy) for bucket, energy in cpu["parts_uj"].items()}
    assert sum(booked.values()) == int(cpu["metered_uj"]) == USED_UJ
    # The window is a little shorter than the time counted here, so the job's share of it is larger.
    assert booked["job"] >= 0.9 * USED_UJ * children_s / capacity_s
    assert_all_there(server, stage.gpu, chance)
