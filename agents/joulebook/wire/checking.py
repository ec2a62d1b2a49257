"""The rules a batch keeps beyond its shape. The first breach is named by its JSON path."""

from collections.abc import Sequence

from joulebook.wire import rules
from joulebook.wire.job_rules import check_jobs
from joulebook.wire.meter_rules import check_meters
from joulebook.wire.part_rules import check_own, check_parts
from joulebook.wire.records import DEVICE_KINDS, ROLES, SCHEMA, SCOPES, Batch, Device


def check(batch: Batch, now_us: int) -> None:
    """Refuse a batch that breaks a rule.

    Args:
        batch: A batch of the right shape.
        now_us: The reader's wall clock, µs since the Unix epoch; what lies more than a day
            ahead of it is refused.

    Raises:
        WireError: With the JSON path of the first breach.
    """
    _check_head(batch)
    additive = _check_devices(batch.devices)
    jobs = check_jobs(batch.jobs, now_us)
    meters = batch.meters
    check_meters(meters, set(additive), now_us)
    expected = [
        energy if additive[ref] else None
        for ref, energy in zip(meters.device, meters.energy_uj, strict=True)
    ]
    check_parts(batch.parts, expected, jobs)
    check_own(batch.parts, meters.own_uj)


def _check_head(batch: Batch) -> None:
    if batch.schema != SCHEMA:
        rules.refuse(
            "$.schema", f"this reader speaks schema {SCHEMA}, not {rules.shown(batch.schema)}"
        )
    rules.integer("$.seq", batch.seq)
    rules.choice("$.agent.role", batch.agent.role, ROLES)
    for name in ("id", "epoch", "version"):
        rules.text(f"$.agent.{name}", getattr(batch.agent, name))
    for name in ("id", "name", "boot_id"):
        rules.text(f"$.host.{name}", getattr(batch.host, name))
    rules.optional_text("$.host.zone", batch.host.zone)
    for key, value in batch.host.labels.items():
        rules.text("$.host.labels", key)
        rules.optional_text(rules.child("$.host.labels", key), value)


def _check_devices(devices: Sequence[Device]) -> dict[int, bool]:
    """Refs of the devices, each with whether its energy is added."""
    additive: dict[int, bool] = {}
    uids: set[str] = set()
    for index, device in enumerate(devices):
        at = f"$.devices[{index}]"
        rules.integer(f"{at}.ref", device.ref)
        if device.ref in additive:
            rules.refuse(f"{at}.ref", f"{device.ref} is used twice")
        _check_device(at, device)
        if device.uid in uids:
            rules.refuse(f"{at}.uid", f"{rules.shown(device.uid)} is listed twice")
        additive[device.ref] = device.additive
        uids.add(device.uid)
    return additive


def _check_device(at: str, device: Device) -> None:
    rules.text(f"{at}.uid", device.uid)
    rules.choice(f"{at}.kind", device.kind, DEVICE_KINDS)
    rules.choice(f"{at}.scope", device.scope, SCOPES)
    rules.text(f"{at}.name", device.name)
    rules.text(f"{at}.vendor", device.vendor)
    rules.optional_text(f"{at}.problem", device.problem)
