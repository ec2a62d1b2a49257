"""`joulebook replay`: windows of a recording, computed again and compared to the byte."""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joulebook.core.units import UJ_PER_J
from joulebook.errors import InvalidInput
from joulebook.metering.player import Player
from joulebook.metering.replaying import Replay, Replayed


def run(arguments: argparse.Namespace) -> int:
    """Play a recording; 1 where a window comes out otherwise than recorded."""
    # What was wrong while it was recorded was told then.
    logging.getLogger("joulebook").addHandler(logging.NullHandler())
    path = Path(arguments.file)
    windows: list[dict[str, Any]] = []
    try:
        with path.open("rb") as file:
            for cut in Replay(Player(iter(file), str(path))).cuts():
                if not cut.same:
                    print(
                        f"joulebook: {path}, line {cut.line}: {_difference(cut)}", file=sys.stderr
                    )
                    return 1
                windows += cut.computed
                if arguments.json:
                    _print(cut.computed)
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror}") from error
    except InvalidInput:
        print(f"joulebook: {_count(windows)} before this are as recorded", file=sys.stderr)
        raise
    if not arguments.json:
        print(f"{_count(windows)}, {_joules(windows):.1f} J: the same as recorded, to the byte")
    return 0


def _count(windows: Sequence[dict[str, Any]]) -> str:
    return f"{len(windows)} window{'' if len(windows) == 1 else 's'}"


def _joules(windows: Sequence[dict[str, Any]]) -> float:
    """Energy of the devices that are added up: those with parts."""
    return sum(int(part[2]) for window in windows for part in window["parts"]) / UJ_PER_J


def _print(windows: Sequence[dict[str, Any]]) -> None:
    for window in windows:
        print(json.dumps(window, ensure_ascii=False))


def _difference(cut: Replayed) -> str:
    """The first value that came out otherwise."""
    for number, (then, now) in enumerate(zip(cut.recorded, cut.computed, strict=False)):
        for name in (*now, *(name for name in then if name not in now)):
            if then.get(name) != now.get(name):
                was, comes = then.get(name), now.get(name)
                uid = now["uid"]
                return f"window {number} ({uid}), {name}: recorded {was}, computed {comes}"
    if len(cut.recorded) != len(cut.computed):
        return f"recorded {_count(cut.recorded)}, computed {_count(cut.computed)}"
    return "the same windows are written otherwise"
