"""A flow whose process dies as often as it is told to; it is called like one of ours."""

from __future__ import annotations

import os
import signal

from prefect import flow
from prefect.runtime import flow_run


@flow(name="on-upload")
def mortal(deaths: int) -> int:
    """Return at which attempt it came to an end."""
    if flow_run.run_count <= deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    return int(flow_run.run_count)
