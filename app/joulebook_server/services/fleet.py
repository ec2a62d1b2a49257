"""Which machines and devices there are, and how they do."""

from dataclasses import dataclass, field, replace
from typing import Any

from joulebook.core.units import QUARTER_US, quarter_of
from joulebook_server.services.power import power_now
from joulebook_server.store import fleet as stored
from joulebook_server.store import power
from joulebook_server.store.engine import Store
from joulebook_server.store.fleet import Reporter, Total

#: The stretch over which energy is told, µs: as everywhere, up to the end of this quarter hour.
DAY_US = 96 * QUARTER_US


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One device.

    Attributes:
        host, uid: Whose, and its id.
        name, kind, scope, vendor: What it is.
        additive: False where it contains another device: shown beside, never added.
        method: How its energy was known last; None without a reading in the last day.
        problem: Why it cannot be read; None where it can.
        power_mw: What it draws, mW; None if it is not live.
        total_uj: Energy of the last 24 hours, µJ; None without a reading.
        energy_uj: The same by bucket, µJ; none for a meter around other devices, where it is
            theirs that is booked.
        own_uj: What the agent used of it itself, µJ, within ``system``; None if it was not told.
        last_us: When the server last heard of it, µs since the epoch.
    """

    host: str
    uid: str
    name: str
    kind: str
    scope: str
    vendor: str
    additive: bool
    method: str | None
    problem: str | None
    power_mw: int | None
    total_uj: int | None
    energy_uj: dict[str, int]
    own_uj: int | None
    last_us: int


@dataclass(frozen=True, slots=True)
class HostView:
    """One machine.

    Attributes:
        id, name: Its id, and its name for people.
        zone: Grid zone that it tells; None without one.
        first_us, last_us: When the server first and last heard of it, µs since the epoch.
        live: Whether a device's last window ended within the last minute.
        reporter: Who sent its newest batch; None if that is not known.
        power_mw: What its devices draw, mW; None if none is live.
        devices: Its devices.
    """

    id: str
    name: str
    zone: str | None
    first_us: int
    last_us: int
    live: bool
    reporter: Reporter | None
    power_mw: int | None
    devices: list[DeviceView] = field(default_factory=list)

    @property
    def energy_uj(self) -> dict[str, int]:
        """Energy of the last 24 hours by bucket, µJ, over devices that add up."""
        sums: dict[str, int] = {}
        for device in self.devices:
            for bucket, energy in device.energy_uj.items():
                sums[bucket] = sums.get(bucket, 0) + energy
        return sums

    @property
    def own_uj(self) -> int | None:
        """What the agent used itself in the last 24 hours, µJ; None if it was not told."""
        told = [one.own_uj for one in self.devices if one.own_uj is not None]
        return sum(told) if told else None


def first_seen(store: Store) -> int | None:
    """When the first host was first heard of, µs since the epoch; None if none ever was."""
    with store.reading() as connection:
        return min((row.first_us for row in stored.hosts(connection)), default=None)


def device_names(store: Store) -> dict[tuple[str, str], str]:
    """Name of each device for people, by (host, device)."""
    with store.reading() as connection:
        return {key: row.name for key, row in power.devices_by_key(connection).items()}


def fleet(store: Store, now_us: int) -> list[HostView]:
    """All machines with their devices, by name.

    Args:
        store: The database.
        now_us: Wall clock, µs.
    """
    now = power_now(store, now_us)
    end_us = quarter_of(now_us) + QUARTER_US
    day = (end_us - DAY_US, end_us)
    with store.reading() as connection:
        hosts = stored.hosts(connection)
        devices = stored.devices(connection)
        reporters = stored.reporters(connection)
        totals = stored.totals(connection, day)
        energy: dict[tuple[str, str], dict[str, int]] = {}
        for one in filter(lambda one: one.additive, power.from_ledger(connection, day)):
            sums = energy.setdefault((one.host, one.device), {})
            sums[one.bucket] = sums.get(one.bucket, 0) + one.energy_uj
    views: dict[str, list[DeviceView]] = {}
    for row in (row for of_host in devices.values() for row in of_host):
        key = (row.host_id, row.device_uid)
        view = _device(row, totals.get(key), energy.get(key, {}))
        views.setdefault(row.host_id, []).append(replace(view, power_mw=now.by_device.get(key)))
    return [_host(host, views.get(host.host_id, []), reporters.get(host.host_id)) for host in hosts]


def _device(
    row: Any,  # noqa: ANN401 - a row of devices
    total: Total | None,
    energy_uj: dict[str, int],
) -> DeviceView:
    return DeviceView(
        host=row.host_id,
        uid=row.device_uid,
        name=row.name,
        kind=row.kind,
        scope=row.scope,
        vendor=row.vendor,
        additive=row.additive,
        method=None if total is None else total.method,
        problem=row.problem,
        power_mw=None,
        total_uj=None if total is None else total.energy_uj,
        energy_uj=energy_uj,
        own_uj=None if total is None else total.own_uj,
        last_us=row.last_us,
    )


def _host(
    row: Any,  # noqa: ANN401 - a row of hosts
    devices: list[DeviceView],
    reporter: Reporter | None,
) -> HostView:
    additive = [device for device in devices if device.additive]
    powers = [device.power_mw for device in additive if device.power_mw is not None]
    return HostView(
        id=row.host_id,
        name=row.name,
        zone=row.zone or None,
        first_us=row.first_us,
        last_us=row.last_us,
        live=any(device.power_mw is not None for device in devices),
        reporter=reporter,
        power_mw=sum(powers) if powers else None,
        devices=devices,
    )
