"""Prefect tasks: thin, one thing each, around the core."""

from tasks.collect import collect_video
from tasks.detect import (
    DETECTORS,
    detect,
    detect_animate_anyone,
    detect_emo,
    detect_liveportrait,
    detect_wan_s2v,
)
from tasks.submit import submit_video
from tasks.template import make_motion_template

__all__ = [
    "DETECTORS",
    "collect_video",
    "detect",
    "detect_animate_anyone",
    "detect_emo",
    "detect_liveportrait",
    "detect_wan_s2v",
    "make_motion_template",
    "submit_video",
]
