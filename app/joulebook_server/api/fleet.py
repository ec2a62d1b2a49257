"""`/v1/hosts` and `/v1/devices`: which machines and sensors there are, and how they do."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from joulebook.wire import format_time
from joulebook_server.api.parameters import refuse_unknown
from joulebook_server.api.problems import answers
from joulebook_server.services.fleet import DeviceView, HostView, fleet

router = APIRouter(tags=["fleet"], dependencies=[Depends(refuse_unknown)], responses=answers(400))


@router.get("/v1/hosts", summary="Machines")
def get_hosts(request: Request) -> dict[str, Any]:
    """Machines by name, with who reports for them and what they draw now."""
    state = request.app.state
    return {"hosts": [_host(one) for one in fleet(state.store, state.clock())]}


@router.get("/v1/devices", summary="Devices")
def get_devices(request: Request) -> dict[str, Any]:
    """Devices of all machines, and why one cannot be read."""
    state = request.app.state
    hosts = fleet(state.store, state.clock())
    return {"devices": [_device(device) for host in hosts for device in host.devices]}


def _host(host: HostView) -> dict[str, Any]:
    reporter = host.reporter
    return {
        "id": host.id,
        "name": host.name,
        "zone": host.zone,
        "live": host.live,
        "first_seen": format_time(host.first_us),
        "last_seen": format_time(host.last_us),
        "reporter": {"role": reporter.role, "version": reporter.version} if reporter else None,
        "power_mw": host.power_mw,
        "energy_24h_uj": {bucket: str(energy) for bucket, energy in host.energy_uj.items()},
        "agent_24h_uj": None if host.own_uj is None else str(host.own_uj),
        "devices": [device.uid for device in host.devices],
    }


def _device(device: DeviceView) -> dict[str, Any]:
    return {
        "host": device.host,
        "uid": device.uid,
        "name": device.name,
        "kind": device.kind,
        "scope": device.scope,
        "vendor": device.vendor,
        "additive": device.additive,
        "method": device.method,
        "problem": device.problem,
        "power_mw": device.power_mw,
        "total_24h_uj": None if device.total_uj is None else str(device.total_uj),
        "energy_24h_uj": {bucket: str(energy) for bucket, energy in device.energy_uj.items()},
        "agent_24h_uj": None if device.own_uj is None else str(device.own_uj),
        "last_seen": format_time(device.last_us),
    }
