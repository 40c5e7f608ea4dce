"""Find fault with what AWS, or a store that speaks its protocol, does not do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from greenlight.aws.advice import NOT_THERE, advice_on
from greenlight.aws.errors import code_of, reason_of
from greenlight.doctor.findings import Finding, broken

ATTEMPTS: Final = "AWS_MAX_ATTEMPTS"


def refused(subject: str, what: str, error: Exception) -> Finding:
    """Return the finding of a call that failed, in the words of whoever refused it."""
    instead = ", or make it" if code_of(error) in NOT_THERE else ""
    return broken(subject, f"{what} ({reason_of(error)})", f"{advice_on(error)}{instead}")


@contextmanager
def asking_once() -> Iterator[None]:
    """Let boto3 not try again what fails, by its own setting, for the time of a `with` block."""
    before = os.environ.get(ATTEMPTS)
    os.environ[ATTEMPTS] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[ATTEMPTS]
        else:
            os.environ[ATTEMPTS] = before
