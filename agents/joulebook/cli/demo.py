"""`joulebook demo`: a real experiment, measured by server and agent; then both go on."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from joulebook.cli import up
from joulebook.cli.processes import Asked, Children, require
from joulebook.settings.children import for_demo, without_ours

_NEEDED = (*up.NEEDED, "numpy", "sklearn", "onnx", "onnxruntime", "threadpoolctl")
#: The kernel takes 107 bytes as the path of a socket (unix(7)); the agent puts a lock beside it.
_LONGEST_SOCKET = 100
_INTERRUPTED = 130


def run(arguments: argparse.Namespace) -> int:
    """Start server and agent, run the experiment on them, keep serving until Ctrl-C."""
    require(_NEEDED, "demo")
    folder = Path(arguments.folder).absolute()
    measured = False
    try:
        with _socket(folder) as socket, Children() as children:
            code = _experiment(children, arguments, folder, socket)
            measured = True
            if not code and not arguments.exit:
                children.watch()
    except Asked:
        print("stopped", flush=True)
        return 0 if measured else _INTERRUPTED
    return code


def _experiment(
    children: Children, arguments: argparse.Namespace, folder: Path, socket: Path
) -> int:
    zone = arguments.zone
    place = up.Place(
        folder=folder,
        port=arguments.port,
        zone=zone,
        socket=socket,
        environment=without_ours(),
    )
    url = up.start(children, place)
    print(f"joulebook demo ready on {url} (live in a browser while it runs)", flush=True)
    words = ["joulebook_demo", "--server", url, "--json", str(folder / "result.json")]
    words += ["--zone", zone] if zone else []
    environment = for_demo(url, folder / "state", zone, socket)
    code = children.finish(children.start("experiment", words, environment, announces=False))
    if not code and not arguments.exit:
        print(f"\nStill serving, data in {folder}; Ctrl-C stops it.\n{up.pages(url)}", flush=True)
    return code


@contextmanager
def _socket(folder: Path) -> Iterator[Path]:
    """Where the demo's own agent listens: in its folder, if the kernel takes so long a path."""
    own = folder / "agent.sock"
    if len(os.fsencode(own)) <= _LONGEST_SOCKET:
        yield own
        return
    with tempfile.TemporaryDirectory(prefix="joulebook-") as short:
        yield Path(short) / "agent.sock"
