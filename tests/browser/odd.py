"""What is rare: names that are markup or have no end, a family, a correction, a wall meter."""

from dataclasses import replace

from tests.browser.hours import LENGTH_US, devices
from tests.browser.plan import HOSTILE, LONG, SWEEP
from tests.builders import JobSpec, Part, Push, Reading, agent, host

from joulebook.core.units import US_PER_S

WALL = 2
CORRECTED = f"{SWEEP}/0"
CORRECTION = {
    "variant": {"label": "pruned", "method": ["pruning"]},
    "quality": {"accuracy": 0.5},
}


def hostile(end_us: int) -> Push:
    """Two jobs on a third host, all of whose names are markup."""
    start_us = end_us - LENGTH_US
    job = JobSpec("run:hostile", name=HOSTILE, model=HOSTILE, variant=HOSTILE, work={"n": 1})
    other = replace(job, uid="run:hostile-too", ref=1, variant=f"{HOSTILE} too")
    return Push(
        readings=[
            Reading(start_us, LENGTH_US, [Part(US_PER_S, "job", ref) for ref in range(2)]),
        ],
        jobs=[replace(one, start_us=start_us, end_us=end_us) for one in (job, other)],
        agent=agent("agent-hostile"),
        host=host("sim-west", "FR", "boot-west"),
        devices=devices("sim-west"),
    )


def family(end_us: int) -> Push:
    """A sweep of two jobs on a fourth host, beside whose devices stands a wall meter."""
    start_us = end_us - LENGTH_US
    sweep = JobSpec(SWEEP, name=LONG, start_us=start_us, end_us=end_us, model=None)
    parts = [
        replace(
            sweep,
            uid=f"{SWEEP}/{ref}",
            ref=ref + 1,
            parent=SWEEP,
            model=LONG,
            variant="dense",
            work={"samples": 1000 + ref},
            quality={"accuracy": 0.9},
        )
        for ref in range(2)
    ]
    booked = [Part((3 + ref) * US_PER_S, "job", ref + 1) for ref in range(2)]
    return Push(
        readings=[
            Reading(start_us, LENGTH_US, booked, err_sys_uj=US_PER_S // 2),
            Reading(start_us, LENGTH_US, energy_uj=11 * US_PER_S, device=WALL, method="external"),
        ],
        jobs=[sweep, *parts],
        agent=agent("agent-family"),
        host=host("sim-east", "FR", "boot-east"),
        devices=devices("sim-east"),
    )
