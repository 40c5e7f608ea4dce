"""Show on a terminal what the core has to say beside its results."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from greenlight.wording import visible


class _Formatter(logging.Formatter):
    """Keeps what names of files and answers hold from steering the terminal; a traceback keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of the method
        """Return the line of a record."""
        return visible(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name of the method
        """Return a traceback."""
        return "\n".join(map(visible, super().formatException(ei).splitlines()))


@contextmanager
def work_shown() -> Iterator[None]:
    """Print all that the core does, with the time, for those who read the log of a service."""
    with _shown(logging.INFO, "%(asctime)s %(message)s"):
        yield


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Print what the core warns of, in a line of its own."""
    with _shown(logging.WARNING, "%(message)s"):
        yield


@contextmanager
def warnings_hidden() -> Iterator[None]:
    """Print none of what the core warns of, where it concerns nobody."""
    with _shown(logging.ERROR, "%(message)s"):
        yield


@contextmanager
def _shown(level: int, text: str) -> Iterator[None]:
    """Print on standard error, and let nobody above print it again; Prefect takes care of its own."""
    logger = logging.getLogger("greenlight")
    before = logger.level, logger.propagate
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(text))
    logger.addHandler(handler)
    logger.setLevel(level)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before[0])
        logger.propagate = before[1]
