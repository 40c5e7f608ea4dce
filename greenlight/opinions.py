"""Ask the local judge why a portrait may have been refused; its word is an opinion, not a verdict."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path

from greenlight.judge import Judge, findings


@functools.cache
def _judge() -> Judge:
    return Judge()


def opinion(portrait: Path | bytes, model: str) -> str:
    """Return in words what the judge holds against a portrait for a model; "" where it sees nothing.

    Raises `UnreadablePicture` for what is no picture.
    """
    family = importlib.import_module(f"greenlight.studio.{model.replace('-', '_')}")
    seen = findings(_judge().look_at(portrait))
    return ", ".join(finding.words for finding in seen if finding.kind in family.REFUSES_ON)
