"""`joulebook demo`: server, a real measured experiment, its table; then it keeps serving."""

import argparse
import importlib.util
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from joulebook.settings.children import for_demo

READY_S = 30.0
STOP_S = 10.0
_NEEDED = (
    "joulebook_server",
    "uvicorn",
    "numpy",
    "sklearn",
    "onnx",
    "onnxruntime",
    "threadpoolctl",
)


def run(arguments: argparse.Namespace) -> int:
    """Start the server, run the experiment against it, keep serving until Ctrl-C."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(
            f"joulebook demo: {', '.join(missing)} not installed; "
            "run: pip install 'joulebook[demo]'",
            file=sys.stderr,
        )
        return 1
    folder = Path(arguments.folder).absolute()
    with _server(arguments, folder) as url:
        if url is None:
            return 1
        code = _experiment(arguments.zone, url, folder)
        if code or arguments.exit:
            return code
        _name_urls(url)
        _until_interrupted()
    return 0


def _experiment(zone: str | None, url: str, folder: Path) -> int:
    words = [sys.executable, "-m", "joulebook_demo", "--server", url]
    words += ["--json", str(folder / "result.json"), *(["--zone", zone] if zone else [])]
    environment = for_demo(url, folder / "state", zone)
    return subprocess.run(words, env=environment, check=False).returncode  # noqa: S603


@contextmanager
def _server(arguments: argparse.Namespace, folder: Path) -> Iterator[str | None]:
    """A server process; yields its URL, or None where it did not start."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        _serve_command(arguments, folder),
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C is for us: we stop the server once we are done with it.
        start_new_session=True,
    )
    try:
        yield _ready_url(process)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _serve_command(arguments: argparse.Namespace, folder: Path) -> Sequence[str]:
    folder.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "joulebook_server", "serve"]
    words += ["--port", str(arguments.port), "--database-url", f"sqlite:///{folder}/server.db"]
    return [*words, *(["--zone", arguments.zone] if arguments.zone else [])]


def _ready_url(process: "subprocess.Popen[str]") -> str | None:
    """The URL of the ready line; its other lines go on to our own output."""
    if process.stdout is None:
        return None
    watchdog = threading.Timer(READY_S, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            if " ready on " in line:
                print(line, end="", flush=True)
                threading.Thread(target=_echo, args=(process.stdout,), daemon=True).start()
                return line.split(" ready on ")[1].split()[0]
            print(line, end="", flush=True)
    finally:
        watchdog.cancel()
    print("joulebook demo: the server did not start", file=sys.stderr)
    return None


def _echo(stream: IO[str]) -> None:
    for line in stream:
        print(line, end="", flush=True)


def _name_urls(url: str) -> None:
    print(
        f"""
Still serving; Ctrl-C ends it. The data stays in the folder of the demo.
  report   {url}/v1/reports?group_by=model,variant,kind
  balance  {url}/v1/ledger/balance
  jobs     {url}/v1/jobs
  API      {url}/docs""",
        flush=True,
    )


def _until_interrupted() -> None:
    stopped = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    try:
        stopped.wait()
    except KeyboardInterrupt:
        print("\nstopped")
    finally:
        signal.signal(signal.SIGTERM, before)
