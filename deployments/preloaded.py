"""Import what runs need; nothing is started here, since threads do not survive a fork."""

from __future__ import annotations

import signal

import boto3  # noqa: F401
import prefect.engine
import prefect.flow_engine
import prefect.task_engine  # noqa: F401

import flows.collect_videos
import flows.on_upload
import flows.portrait_to_video
import flows.screen_portraits  # noqa: F401

# A stop that reaches all processes would hide from the runner how the begun runs end.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
