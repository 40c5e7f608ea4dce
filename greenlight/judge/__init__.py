"""Look at a portrait offline and say what a detector would have to say of it."""

from greenlight.judge.findings import Finding, FindingKind, findings
from greenlight.judge.judge import Judge
from greenlight.judge.pictures import UnreadablePicture
from greenlight.judge.sighting import Face, Sighting

__all__ = [
    "Face",
    "Finding",
    "FindingKind",
    "Judge",
    "Sighting",
    "UnreadablePicture",
    "findings",
]
