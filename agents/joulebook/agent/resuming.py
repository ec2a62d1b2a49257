"""Spans that another measured before, or will after: what is said of them."""

from dataclasses import asdict
from typing import Any

from joulebook.metering.tally import Tally
from joulebook.wire import rules
from joulebook.wire.resumed import Came, Resumed


def check_resumed(resumed: Resumed, now_us: int) -> None:
    """Refuse times that no batch may hold: one caller must not spoil the batch of all.

    Raises:
        WireError: With the JSON path of what is wrong.
    """
    for name in ("started_us", "rev"):
        rules.moment(f"$.resumed.{name}", getattr(resumed, name), now_us)
    rules.moment("$.resumed.elapsed_us", resumed.started_us + resumed.elapsed_us, now_us)


def came(tally: Tally, simulated: frozenset[str]) -> dict[str, Any]:
    """What a span came to here, to be added to what it came to elsewhere.

    Args:
        tally: Its energy.
        simulated: uids of simulated devices.
    """
    return asdict(
        Came(
            energy=[
                (kind, method, energy_uj, tally.err_sys_uj.get((kind, method), 0))
                for (kind, method), energy_uj in tally.energy_uj.items()
            ],
            observed_us=dict(tally.observed_us),
            err_rand_sq=str(tally.err_rand_sq),
            told=tally.told,
            untold_uj=dict(tally.untold_uj),
            simulated=sorted(simulated & set(tally.observed_us)),
        )
    )
