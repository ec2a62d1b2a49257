"""`joulebook report`: from the server where one is named, else from the local ledger."""

import argparse
import json
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from joulebook.cli.state_folder import damaged_beside, files_in
from joulebook.cli.table import render
from joulebook.clock import SystemClock
from joulebook.core.units import MISSING, UJ_PER_KWH, format_energy, format_mass
from joulebook.discovery.host import identify
from joulebook.errors import SpoolError
from joulebook.metering.station import spool_path
from joulebook.settings import Settings, load
from joulebook.shipping.fetch import get_json
from joulebook.shipping.route import Route
from joulebook.shipping.spool import Spool
from joulebook.tracking.local import LocalReport, local_report
from joulebook.tracking.root import carbon_of, find_agent
from joulebook.wire import Batch, parse_time
from joulebook.wire.records import ROLES

LOCAL_KEYS = ("job", "model", "variant", "kind", "project", "bucket")


def run(arguments: argparse.Namespace) -> int:
    """Print energy and CO2e by the keys asked for."""
    settings = _with_server(load({"server": arguments.server} if arguments.server else {}))
    keys = [key.strip() for key in arguments.group_by.split(",") if key.strip()]
    if not keys:
        print("joulebook report: --group-by needs a key, such as model", file=sys.stderr)
        return 2
    if settings.server is None:
        unknown = [key for key in keys if key not in LOCAL_KEYS]
        if unknown:
            print(
                f"joulebook report: the local ledger groups by {', '.join(LOCAL_KEYS)}, "
                f"not by {unknown[0]}; name a --server for the rest",
                file=sys.stderr,
            )
            return 2
    report = _of_server(settings, arguments) if settings.server else _local(settings, arguments)
    print(json.dumps(report, indent=2) if arguments.json else _text(report, keys))
    return 0


def _with_server(settings: Settings) -> Settings:
    """Where no server is named, that of the agent of this host, to which its figures went."""
    link = find_agent(settings) if settings.server is None else None
    if link is None:
        return settings
    link.close()
    return replace(settings, server=link.about.get("server"))


def _of_server(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    asked = {"group_by": arguments.group_by, "from": arguments.start, "to": arguments.end}
    query = urlencode({key: value for key, value in asked.items() if value})
    url = f"{settings.server}/v1/reports?{query}"
    report = get_json(url, settings.token, Route(settings.proxy, settings.ca_file))
    return {**report, "ledger": str(settings.server)}


def _local(settings: Settings, arguments: argparse.Namespace) -> dict[str, Any]:
    host_id = identify(settings.procfs_root).id
    paths = [spool_path(settings.state_dir, role, host_id) for role in ROLES]
    keys = [key.strip() for key in arguments.group_by.split(",") if key.strip()]
    batches = [batch for path in paths for batch in _held(path)]
    asked = LocalReport(
        keys=keys,
        # What is set now wins; else the zone that was in force when it was measured.
        carbon=lambda told: carbon_of(settings.zone or told, settings.pue),
        from_us=parse_time("--from", arguments.start) if arguments.start else None,
        to_us=parse_time("--to", arguments.end) if arguments.end else None,
    )
    return {**local_report(batches, asked), "ledger": str(settings.state_dir)}


def _held(path: Path) -> list[Batch]:
    """Batches of the local ledger.

    Raises:
        SpoolError: It cannot be read, or was damaged; the file is kept beside the new one.
    """
    if path.name not in files_in(path.parent):
        return []
    spool = Spool(path, SystemClock())
    held = list(spool.entries())
    if spool.notice:
        raise SpoolError(spool.notice)
    for number, reason in spool.quarantined():
        print(f"not in this report: batch {number}, refused: {reason}", file=sys.stderr)
    for damaged in damaged_beside(path):
        print(
            f"the damaged ledger {damaged} is kept aside; what could be read of it counts here",
            file=sys.stderr,
        )
    return held


def _text(report: dict[str, Any], keys: list[str]) -> str:
    if not report["rows"]:
        return (
            f"nothing is kept in {report['ledger']}. What was sent is on the server: joulebook"
            " report --server URL. To begin: joulebook run -- CMD"
        )
    head = [*keys, "energy", "±", "CO2e", "method", "coverage"]
    rows = [_cells(row, keys) for row in report["rows"]]
    rows.append(_cells({**dict.fromkeys(keys, ""), keys[0]: "total", **report["totals"]}, keys))
    notes = [_note(flag) for flag in _flags(report)]
    if "job" in keys:
        notes.append("a job's row is its own energy; what its children used stands in theirs")
    reach = [
        f"covers: {', '.join(report['covers']) or MISSING}",
        f"not covered: {', '.join(report['does_not_cover'])}",
    ]
    return "\n".join([render(head, rows), "", f"ledger: {report['ledger']}", *reach, *notes])


def _cells(row: dict[str, Any], keys: list[str]) -> list[str]:
    energy_uj = int(row["energy_uj"])
    grams = row["emissions_kg"]
    shares = row["methods"] or {}
    labels = [MISSING if row.get(key) is None else str(row.get(key)) for key in keys]
    if all(label == MISSING for label in labels):
        labels[0] = "(no job)"  # idle, system and unknown
    return [
        *labels,
        format_energy(energy_uj),
        _percent(row["uncertainty_kwh"] * UJ_PER_KWH / energy_uj if energy_uj else None),
        format_mass(None if grams is None else Fraction(grams) * 1000),
        ", ".join(shares) or MISSING,
        _percent(row["coverage"]),
    ]


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.0f} %"


def _flags(report: dict[str, Any]) -> list[str]:
    return sorted({flag for row in report["rows"] for flag in row["flags"]})


def _note(flag: str) -> str:
    if flag == "no_zone":
        return "no CO2e: no grid zone is known; set JOULEBOOK_ZONE, or --zone of the server"
    if flag.startswith("unknown_zone:"):
        return f"no CO2e: no emission factor for zone {flag.partition(':')[2]}"
    return f"note: {flag}"
