"""Show on a terminal what the core has to say beside its results."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def work_shown() -> Iterator[None]:
    """Print all that the core does, with the time, for those who read the log of a service."""
    with _shown(logging.INFO, "%(asctime)s %(message)s"):
        yield


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Print what the core warns of, which Prefect's logging of runs would keep from the terminal."""
    with _shown(logging.WARNING, "%(message)s"):
        yield


@contextmanager
def _shown(level: int, text: str) -> Iterator[None]:
    """Print on standard error, and let nobody above print it again; Prefect takes care of its own."""
    logger = logging.getLogger("greenlight")
    before = logger.level, logger.propagate
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(text))
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
