"""What a window costs with ZeusMonitor; run by the peers' interpreter, which has no joulebook.

Words: the name of the subject, number of GPUs, number of RAPL zones, their folder. It looks for
RAPL below one fixed path; that is pointed at the zones of the simulated machine, one package each.
"""

import statistics
import sys
import time

ROUNDS = 15
PAIRS = 1_000


def main(name: str, gpus: int, zones: int, folder: str) -> None:
    """Print the median of a begin and an end, without the synchronisation of any framework."""
    import zeus.device.cpu.rapl as rapl  # noqa: PLC0415, PLR0402 - of the other environment
    from zeus.monitor import ZeusMonitor  # noqa: PLC0415 - of the other environment

    rapl.RAPL_DIR = folder
    monitor = ZeusMonitor(gpu_indices=list(range(gpus)), cpu_indices=list(range(zones)))
    times = []
    for _ in range(ROUNDS):
        start_ns = time.perf_counter_ns()
        for _ in range(PAIRS):
            monitor.begin_window("window", sync_execution=False)
            monitor.end_window("window", sync_execution=False)
        times.append((time.perf_counter_ns() - start_ns) / PAIRS / 1_000)
    print(f"{name:18}{statistics.median(times):9.2f} us", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
