"""Compile the fake NVML library and say how a process finds it."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "nvml" / "fake_nvml.c"
LIBRARY = "libnvidia-ml.so.1"
COMPILERS = ("cc", "gcc", "clang")

#: Lines for a device that tells no power: where its clock stands still between two steps of a test,
#: a counter that stands still as well is no fault, and no power says otherwise.
SILENT_POWER = "error NOT_SUPPORTED 0 fields\nerror NOT_SUPPORTED 0 power\n"


@functools.cache
def build() -> Path:
    """Folder that holds the library, compiled once per test run; skips without a compiler."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        pytest.skip(f"no C compiler ({', '.join(COMPILERS)}) to build the fake NVML library")
    folder = Path(tempfile.mkdtemp(prefix="joulebook-fake-nvml-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    flags = ["-shared", "-fPIC", "-O1", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra"]
    command = [compiler, *flags, "-Werror", "-o", str(folder / LIBRARY), str(SOURCE)]
    subprocess.run(command, check=True)
    return folder


def environment(script: Path, clock: Path | None = None) -> dict[str, str]:
    """What a process needs in its environment from its start to meet the fake driver.

    Args:
        script: The script file (`nvml/README.md` tells its words).
        clock: A file holding microseconds; without it the fake runs in real time.
    """
    found = {"LD_LIBRARY_PATH": str(build()), "FAKE_NVML_SCRIPT": str(script)}
    return found if clock is None else {**found, "FAKE_NVML_CLOCK": str(clock)}
