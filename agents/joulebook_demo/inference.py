"""Inference in onnxruntime, the same way for every variant."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from joulebook.clock import Clock
from joulebook.core.units import US_PER_S
from joulebook_demo.export import INPUT, OUTPUT
from joulebook_demo.network import Matrix

#: Images a call.
BATCH = 128
#: One thread: nobody spins while waiting for another, so CPU time is work.
THREADS = 1


@dataclass(frozen=True, slots=True)
class Passes:
    """What was inferred.

    Attributes:
        samples: Images inferred in all passes.
        logits: Output of the last pass, one row an image.
    """

    samples: int
    logits: Matrix


class Engine:
    """One ONNX file loaded for inference.

    Every engine has the same options, threads and batch size; only the file differs.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = THREADS
        self._clock = clock
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )

    def run(self, images: Matrix, seconds: float) -> Passes:
        """Whole passes over the images until the time is over; at least one."""
        batches = [images[first : first + BATCH] for first in range(0, len(images), BATCH)]
        until = self._clock.monotonic_us() + int(seconds * US_PER_S)
        passes = 0
        while True:
            outputs = [self._session.run([OUTPUT], {INPUT: batch})[0] for batch in batches]
            passes += 1
            if self._clock.monotonic_us() >= until:
                return Passes(passes * len(images), np.concatenate(outputs))
