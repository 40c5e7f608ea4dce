"""Run one of the judge's model files."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

STDERR: Final = 2
MODELS: Final = Path(__file__).parent / "models"


class _Quiet:
    """Keep the runtime's greeting off standard error, which it writes to below Python.

    It greets once a process, so only the first time is silenced; what other threads write in these few
    milliseconds is lost with it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._greeted = False
        self._kept: int | None = None

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._greeted:
            return
        self._kept = os.dup(STDERR)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, STDERR)
        os.close(nowhere)

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            os.dup2(self._kept, STDERR)
            os.close(self._kept)
            self._kept = None
        self._greeted = True
        self._lock.release()


_QUIET: Final = _Quiet()


class Network:
    """A model with one picture as input and two outputs: values, and scores.

    An instance must be used by one thread at a time; it may move from one thread to another.
    """

    def __init__(self, file: str, *, threads: int) -> None:
        # Only here, so that all else of the judge can be had where the runtime is not installed.
        from ai_edge_litert.interpreter import Interpreter

        with _QUIET:
            self._interpreter = Interpreter(str(MODELS / file), num_threads=threads)
            self._interpreter.allocate_tensors()
        self._input: int = self._interpreter.get_input_details()[0]["index"]
        # The files name their outputs differently; the values are always wider than the scores.
        outputs = sorted(
            self._interpreter.get_output_details(), key=lambda one: -int(one["shape"][-1])
        )
        self._values, self._scores = (int(one["index"]) for one in outputs)

    def run(self, pixels: Array) -> tuple[Array, Array]:
        """Return the values and the scores, as probabilities, of a picture (height, width, 3)."""
        self._interpreter.set_tensor(self._input, pixels[None])
        self._interpreter.invoke()
        values: Array = self._interpreter.get_tensor(self._values)[0]
        logits: Array = self._interpreter.get_tensor(self._scores).reshape(-1)
        return values, _sigmoid(logits)


def _sigmoid(logits: Array) -> Array:
    # Beyond 80 the exponential leaves the range of float32.
    return (1 / (1 + np.exp(-np.clip(logits, -80, 80)))).astype(np.float32)
