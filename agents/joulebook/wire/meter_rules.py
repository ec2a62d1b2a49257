"""What a batch says of its meter windows."""

from joulebook.core.units import quarter_of
from joulebook.wire import rules
from joulebook.wire.records import METHODS, Meters

MAX_POWER_MW = 10**9  # a megawatt on one device is a broken sensor


def check_meters(meters: Meters, devices: set[int], now_us: int) -> None:
    """Check every window; `devices` are the refs that exist.

    Raises:
        WireError: With the JSON path of the first breach.
    """
    at = "$.meters"
    rules.same_length(at, meters)
    for index, ref in enumerate(meters.device):
        if ref not in devices:
            rules.refuse(f"{at}.device[{index}]", f"no device has ref {rules.shown(ref)}")
    rules.integers(f"{at}.start_us", meters.start_us)
    counters = ("counter_start_uj", "counter_end_uj")
    for name in (*counters, "energy_uj", "err_sys_uj", "err_rand_uj", "own_uj"):
        rules.integers(f"{at}.{name}", getattr(meters, name))
    rules.choices(f"{at}.method", meters.method, METHODS)
    for index in range(len(meters.device)):
        _check_window(meters, index, now_us)
        _check_counters(meters, index)
        _check_load(meters, index)


def _check_window(meters: Meters, index: int, now_us: int) -> None:
    start, end = meters.start_us[index], meters.end_us[index]
    at = f"$.meters.end_us[{index}]"
    rules.moment(at, end, now_us)
    if end <= start:
        rules.refuse(at, "the window does not end after it starts")
    if quarter_of(start) != quarter_of(end - 1):
        rules.refuse(at, "the window crosses a quarter hour; cut it there")
    if not 0 <= meters.observed_us[index] <= end - start:
        rules.refuse(
            f"$.meters.observed_us[{index}]", f"must lie between 0 and the window's {end - start}"
        )


def _check_counters(meters: Meters, index: int) -> None:
    first, last = meters.counter_start_uj[index], meters.counter_end_uj[index]
    if first is None and last is None:
        return
    if first is None or last is None:
        rules.refuse(f"$.meters.counter_end_uj[{index}]", "a window has both counters or neither")
    energy = meters.energy_uj[index]
    # A counter that ran backwards wrapped: its range is not on the wire, so nothing to compare.
    if first <= last and energy != last - first:
        rules.refuse(
            f"$.meters.energy_uj[{index}]", f"the counter moved by {last - first}, not {energy}"
        )


def _check_load(meters: Meters, index: int) -> None:
    peak, use = meters.power_max_mw[index], meters.utilization[index]
    if peak is not None and not 0 <= peak <= MAX_POWER_MW:
        rules.refuse(f"$.meters.power_max_mw[{index}]", f"must lie between 0 and {MAX_POWER_MW}")
    if use is not None and not 0 <= use <= 1:  # NaN lies nowhere
        rules.refuse(f"$.meters.utilization[{index}]", "must lie between 0 and 1")
