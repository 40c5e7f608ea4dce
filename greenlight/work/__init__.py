"""One question: what is known of a brief, and so what comes next."""

from greenlight.work.case import Case
from greenlight.work.steps import Check, Film, MakeTemplate, Refused, Step, Waiting, next_step

__all__ = ["Case", "Check", "Film", "MakeTemplate", "Refused", "Step", "Waiting", "next_step"]
