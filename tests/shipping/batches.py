"""Small good batches for the tests of shipping, also in processes of their own."""

from joulebook.wire import Agent, Batch, Device, Host, Job, Meters, Parts

START_US = 1_795_428_000_000_000
WINDOW_US = 10_000_000


def batch_of(agent_id: str, epoch: str, seq: int, windows: int = 1) -> Batch:
    """A batch with `windows` windows of one GPU, each with a job's part and an idle part."""
    energies = [1_000 + 17 * index for index in range(windows)]
    starts = [START_US + index * WINDOW_US for index in range(windows)]
    nothing: list[None] = [None] * windows
    return Batch(
        schema=1,
        agent=Agent(agent_id, epoch, "tracker", "0.1.0"),
        seq=seq,
        host=Host("machine", "node", "boot"),
        devices=[
            Device(0, "GPU-1", "gpu", "gpu", additive=True, name="one", vendor="nvidia"),
            Device(1, "GPU-2", "gpu", "gpu", additive=True, name="two", vendor="nvidia"),
        ],
        jobs=[_job(index, f"run:{index}") for index in range(windows)],
        meters=Meters(
            device=[0] * windows,
            start_us=starts,
            end_us=[start + WINDOW_US for start in starts],
            counter_start_uj=[*nothing],
            counter_end_uj=[*nothing],
            energy_uj=energies,
            observed_us=[WINDOW_US] * windows,
            method=["integrated"] * windows,
            err_sys_uj=[0] * windows,
            err_rand_uj=[0] * windows,
            power_max_mw=[*nothing],
            utilization=[*nothing],
        ),
        parts=Parts(
            meter=[index for index in range(windows) for _ in range(2)],
            job=[ref for index in range(windows) for ref in (index, -1)],
            bucket=["job", "idle"] * windows,
            energy_uj=[part for energy in energies for part in (energy - 7, 7)],
        ),
    )


def _job(ref: int, uid: str) -> Job:
    return Job(
        ref=ref,
        rev=0,
        uid=uid,
        parent=None,
        phase=None,
        name=None,
        project=None,
        kind="training",
        user=None,
        model=None,
        variant=None,
        started_at="2026-11-23T10:00:00.000000Z",
    )
