"""`python -m joulebook_demo`: wires the experiment to a server, and prints what came out."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from joulebook import factors, settings
from joulebook.clock import Clock, SystemClock
from joulebook.core.units import US_PER_S
from joulebook.errors import InvalidInput
from joulebook_demo import digits, ledger
from joulebook_demo.arrival import await_jobs
from joulebook_demo.experiment import PROJECT, Trial, conduct
from joulebook_demo.ledger import LedgerError
from joulebook_demo.report import report_of
from joulebook_demo.workshop import Scale, Workshop

#: Narrowest and widest text we lay out, columns.
WIDTHS = (40, 100)
#: Size taken where the output is no terminal: columns, lines.
UNKNOWN = (100, 24)
FULL = Scale()


def main(words: Sequence[str] | None = None, scale: Scale = FULL) -> int:
    """Run the experiment. Returns the exit code: 0 done, 1 failed, 2 wrong usage."""
    arguments = _parser().parse_args(words)
    try:
        return _run(arguments, scale)
    except InvalidInput as error:
        print(f"joulebook demo: {error}", file=sys.stderr)
        return 2
    except (LedgerError, OSError) as error:
        print(f"joulebook demo: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="joulebook_demo", description=__doc__)
    parser.add_argument("--server", required=True, help="URL of a joulebook-server")
    parser.add_argument("--json", type=Path, required=True, help="file for the figures")
    parser.add_argument("--zone", help="grid zone for CO2e, such as FR or US-CA")
    return parser


def _run(arguments: argparse.Namespace, scale: Scale) -> int:
    known = factors.load()
    if arguments.zone is not None:
        known.get(arguments.zone)
    _check_server(arguments.server)
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="joulebook-demo-") as folder:
        trials = _experiment(scale, Path(folder), clock)
    uids = [uid for trial in trials for uid in (trial.build, *trial.rounds)]
    if not await_jobs(arguments.server, uids, clock):
        print("joulebook demo: some measurements have not reached the server yet", file=sys.stderr)
    answers = ledger.read(arguments.server, PROJECT, uids)
    report = report_of(trials, answers, arguments.zone, (known.cleanest(), known.dirtiest()))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report.json(trials), indent=2) + "\n", "utf-8")
    print(f"\n{report.text(_width())}", flush=True)
    return 0


def _check_server(server: str) -> None:
    """Fail before the work, not after it."""
    ledger.get(server, "/healthz")
    target = settings.load(strict=False).server
    if target is None or target.rstrip("/") != server.rstrip("/"):
        raise LedgerError(
            f"measurements go to {target or 'no server'}, not to {server}; "
            f"set JOULEBOOK_SERVER={server}"
        )


def _experiment(scale: Scale, folder: Path, clock: Clock) -> list[Trial]:
    start_us = clock.monotonic_us()

    def announce(text: str) -> None:
        passed = (clock.monotonic_us() - start_us) / US_PER_S
        print(f"[{passed:5.1f} s] {text}", flush=True)

    # One thread: the same work on any machine, and nobody spins while waiting for another.
    with threadpool_limits(limits=1):
        return conduct(Workshop(digits.load(scale.seed), scale, folder), clock, announce)


def _width() -> int:
    return min(max(shutil.get_terminal_size(UNKNOWN).columns, WIDTHS[0]), WIDTHS[1])
