"""Words on the command line, and the exit code: 0 done, 1 failed, 2 wrong usage."""

import argparse
import io
import sys
from collections.abc import Sequence

from joulebook.cli import agent, demo, doctor, importing, replay, report, running, up
from joulebook.errors import JoulebookError
from joulebook.version import VERSION
from joulebook.wire.records import JOB_KINDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words after the command's name; those of the process if None.

    Returns:
        The exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal without ± must not end a command
            stream.reconfigure(errors="replace")
    parsed = _parser().parse_args(arguments)
    try:
        code: int = parsed.run(parsed)
    except JoulebookError as error:
        print(f"joulebook: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our output left, as `| head` does
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="joulebook", description="The energy and carbon ledger for AI jobs."
    )
    parser.add_argument("--version", action="version", version=f"joulebook {VERSION}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_report(commands)
    _add_doctor(commands)
    _add_agent(commands)
    _add_replay(commands)
    _add_import(commands)
    _add_up(commands)
    _add_demo(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("run", help="measure one command: joulebook run -- CMD")
    parser.add_argument("--model", help="model, such as meta-llama/Llama-3-8B")
    parser.add_argument("--variant", help="compression variant, such as int8")
    parser.add_argument("--kind", choices=JOB_KINDS, help="what the job is")
    parser.add_argument("--name", help="name for people; the command if not given")
    parser.add_argument("--project", help="project that the energy is charged to")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD ...")
    parser.set_defaults(run=running.run)


def _add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("report", help="kWh and CO2e per job, model and variant")
    parser.add_argument("--server", help="URL of a server; the local ledger if none is set")
    parser.add_argument(
        "--group-by", default="model,variant,kind", help="keys, separated by commas"
    )
    parser.add_argument("--from", dest="start", metavar="TIME", help="RFC 3339 time")
    parser.add_argument("--to", dest="end", metavar="TIME", help="RFC 3339 time")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=report.run)


def _add_doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("doctor", help="which sensors there are, and why one is not")
    for tree in ("sysfs", "procfs", "cgroupfs"):
        parser.add_argument(f"--{tree}-root", metavar="DIR", help=f"read a recorded {tree} tree")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=doctor.run)


def _add_agent(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("agent", help="measure this host all day")
    parser.add_argument("--server", help="URL of the server; kept on this host if none is set")
    parser.add_argument("--zone", help="grid zone of this host, such as FR or US-CA")
    parser.add_argument("--state-dir", metavar="DIR", help="where unsent measurements are kept")
    parser.add_argument(
        "--socket", dest="agent_socket", metavar="PATH", help="where trackers find it"
    )
    parser.add_argument("--window-s", metavar="S", help="length of a window, seconds")
    parser.add_argument("--sample-s", metavar="S", help="time between two looks, seconds")
    parser.add_argument("--record", metavar="FILE", help="write down all readings, for replay")
    parser.add_argument("--once", action="store_true", help="measure one window and end")
    parser.add_argument(
        "--dry-run", action="store_true", help="print batches; keep and send nothing"
    )
    parser.set_defaults(run=agent.run)


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("replay", help="windows of a recording, computed again")
    parser.add_argument("file", metavar="FILE", help="what `joulebook agent --record FILE` wrote")
    parser.add_argument("--json", action="store_true", help="print the windows, for programs")
    parser.set_defaults(run=replay.run)


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("import", help="readings of other meters, from a CSV file")
    parser.add_argument("file", metavar="FILE", help="CSV with a header; - reads standard input")
    parser.add_argument(
        "--host", help="what it was measured on; each device by itself if not given"
    )
    parser.add_argument("--zone", help="grid zone where it was measured, such as FR or US-CA")
    parser.add_argument("--tz", metavar="ZONE", help="zone of times without offset: Europe/Paris")
    for name, signs in (("delimiter", (",", ";", "|", "tab")), ("decimal", (".", ","))):
        told = f"one of {' '.join(signs)} ({signs[0]} if not given)"
        parser.add_argument(f"--{name}", choices=signs, default=signs[0], metavar="SIGN", help=told)
    parser.add_argument("--server", help="URL of the server; kept on this host if none is set")
    parser.add_argument("--dry-run", action="store_true", help="print what would be booked")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=importing.run)


def _add_up(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("up", help="a server and an agent on this machine, as one")
    parser.add_argument("--port", type=int, help="port of the server (8400); 0 takes a free one")
    parser.add_argument("--folder", metavar="DIR", help="where its data is kept")
    parser.add_argument("--zone", help="grid zone for CO2e, such as FR or US-CA")
    parser.add_argument(
        "--socket", dest="agent_socket", metavar="PATH", help="where trackers find the agent"
    )
    parser.set_defaults(run=up.run)


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("demo", help="a real experiment, measured, on this machine")
    parser.add_argument("--zone", help="grid zone for CO2e, such as FR or US-CA")
    parser.add_argument("--port", type=int, default=8400, help="port of the server")
    parser.add_argument("--folder", default=".joulebook/demo", help="where its data is kept")
    parser.add_argument("--exit", action="store_true", help="end after the table")
    parser.set_defaults(run=demo.run)
