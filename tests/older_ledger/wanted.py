"""Say what is in the older ledger: each brief that was checked or filmed, and how that ended."""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PHOTOS = Path(__file__).parents[1] / "photos"
SAMPLES = Path(__file__).parents[2] / "samples"

PASSES, CODED, SILENT = "astronaut.png", "camera.png", "coffee.png"
FREE, LOST = "rocket.jpg", "made_blur.jpg"
"""Refused as an HTTP error, which costs nothing; and one whose answer was lost each time."""
TRIES = 6
"""How often a check is asked while its answer is lost."""
BUCKET = "s3://portraits/"
TONE, SPEECH, MOTION = "tone.wav", "hello.mp3", "wave.mp4"
MADE_TEMPLATE = "(the template of wave.mp4)"
"""Stands for an id that is known only when the template is made."""

Brief = dict[str, Any]
"""The fields of a brief, as the flow and a sidecar take them."""


@dataclass(frozen=True)
class Ending:
    """A state of a job, and how it comes to it."""

    state: str
    faults: tuple[Mapping[str, Any], ...] = ()
    """One for each time that it is ordered."""
    is_offered: bool = False
    """Whether its request may be sent, and paid, again."""


_FAILS = {"fault": "job_fails", "on": "create", "code": "InternalError"}
SUCCEEDED = Ending("succeeded")
OPEN = Ending("submitted")
EXPIRED = Ending("expired")
AMBIGUOUS = Ending("ambiguous", ({"fault": "drop", "on": "create", "when": "after"},))
FAILED = Ending("failed", (_FAILS,), is_offered=True)
FAILED_OFTEN = Ending("failed", (_FAILS,) * 3)
FAILED_FOR_GOOD = Ending("failed", (_FAILS | {"code": "DataInspectionFailed"},))
NOT_ACCEPTED = Ending(
    "failed",
    ({"fault": "error", "on": "create", "status": 400, "code": "InvalidParameter"},),
    is_offered=True,
)
QUICK = (AMBIGUOUS, FAILED, FAILED_OFTEN, FAILED_FOR_GOOD, NOT_ACCEPTED)
"""Those that are over at once; the others wait for a slow studio."""


@dataclass(frozen=True)
class Check:
    """A portrait that one family is asked about."""

    portrait: str
    model: str
    ratio: str | None = None
    deployments: Brief = field(default_factory=dict)
    fault: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Film:
    """A brief that is filmed, and how that ends."""

    brief: Brief
    ending: Ending = SUCCEEDED


_REFUSAL = {
    "fault": "refusal",
    "on": "check",
    "code": "InvalidFile.NoHuman",
    "message": "No human.",
}
"""By its `shape`: without a word (1), with code and reason (2), or as an HTTP error (4 and 5)."""


def checks() -> Iterator[Check]:
    """Yield what is checked besides the portraits that are filmed."""
    kinds = [("emo", "1:1"), ("emo", "3:4"), ("liveportrait", None), ("wan-s2v", None)]
    for model, ratio in [*kinds, ("animate-anyone", None)]:
        yield Check(PASSES, model, ratio)
        yield Check(CODED, model, ratio, fault=_REFUSAL | {"shape": 2})
        yield Check(SILENT, model, ratio, fault=_REFUSAL)
    for model, shape in [("emo", 4), ("animate-anyone", 5)]:
        yield Check(FREE, model, fault=_REFUSAL | {"shape": shape})
    lost = {"fault": "drop", "on": "check", "when": "after"}
    yield Check("made_dark.jpg", "liveportrait", fault=lost)
    yield Check(LOST, "liveportrait", fault=lost | {"times": TRIES})
    for name in ("etag.jpg", "sha256.png"):
        yield Check(f"{BUCKET}{name}", "emo")
        yield Check(f"{BUCKET}{name}", "wan-s2v")
    yield Check(PASSES, "emo", "3:4", deployments={"emo-detect-v1": "our-emo-detect-v1"})
    yield Check(CODED, "wan-s2v", deployments={"wan2.2-s2v-detect": "our-wan2.2-s2v-detect"})


def films() -> Iterator[Film]:
    """Yield what is filmed, in the order in which it is: what a slow studio is needed for comes last."""
    for brief in _briefs():
        yield Film(brief)
    for take, ending in enumerate((SUCCEEDED, *QUICK, EXPIRED, OPEN), start=2):
        for brief in _six():
            yield Film(brief | {"take": take}, ending)
    for number, ending in enumerate((*QUICK, EXPIRED, OPEN)):
        yield Film(_brief("animate-anyone", motion=f"wave-{number}.mp4"), ending)


def _briefs() -> Iterator[Brief]:
    yield from _six()
    yield _brief("emo", sound=SPEECH, parameters={"style_level": "calm"})
    yield _brief("emo", sound=SPEECH, ratio="3:4", parameters={"style_level": "active"})
    face = {"template_id": "active", "eye_move_freq": 1, "video_fps": 30, "paste_back": False}
    still = {"mouth_move_strength": 0.25, "head_move_strength": 0.1}
    yield _brief("liveportrait", sound=SPEECH, parameters=face | still)
    yield _brief("wan-s2v", sound=SPEECH, parameters={"style": "speech", "resolution": "720P"})
    yield _brief("animate-anyone", motion=MOTION, parameters={"video_ratio": "3:4"})
    yield _brief("animate-anyone", motion=MADE_TEMPLATE)
    yield _brief("emo", sound=TONE, deployments=_own("emo-detect-v1", "emo-v1"))
    yield _brief("wan-s2v", sound=TONE, deployments=_own("wan2.2-s2v"))
    dance = ("detect", "template", "")
    names = ["-".join(filter(None, ("animate-anyone", name, "gen2"))) for name in dance]
    yield _brief("animate-anyone", motion=MOTION, deployments=_own(*names))
    for name in ("etag.jpg", "sha256.png"):
        yield _brief("liveportrait", sound=TONE) | {"portrait": f"{BUCKET}{name}"}
    yield {"portrait": "made_two.jpg", "models": ["emo", "liveportrait"], "sound": TONE}


def _six() -> Iterator[Brief]:
    yield _brief("emo", sound=TONE)
    yield _brief("emo", sound=TONE, ratio="3:4")
    yield _brief("liveportrait", sound=TONE)
    yield _brief("wan-s2v", sound=TONE)
    yield _brief("wan-s2v", sound=TONE, parameters={"resolution": "720P"})
    yield _brief("animate-anyone", motion=MOTION)


def _brief(model: str, **fields: Any) -> Brief:
    return {"portrait": PASSES, "models": [model]} | fields


def _own(*models: str) -> dict[str, str]:
    return {model: f"our-{model}" for model in models}


def deployments() -> dict[str, str]:
    """Return which of the vendor's models each deployment of the studio runs."""
    given = [film.brief.get("deployments", {}) for film in films()]
    given += [check.deployments for check in checks()]
    return {own: model for names in given for model, own in names.items()}


def options_of(brief: Brief) -> list[str]:
    """Return what the command line takes for a brief, its portrait first."""
    given = [brief["portrait"]]
    names = {"sound": "--audio", "motion": "--motion", "ratio": "--ratio", "take": "--take"}
    for name in brief["models"]:
        given += ["--model", name]
    for name, option in names.items():
        if brief.get(name) is not None:
            given += [option, str(brief[name])]
    for option, field_name in (("--param", "parameters"), ("--deployment", "deployments")):
        for name, value in brief.get(field_name, {}).items():
            given += [option, f"{name}={str(value).lower() if isinstance(value, bool) else value}"]
    return given


def lay_out(folder: Path) -> None:
    """Put the portraits, the sounds and the motions into a folder; their bytes are the same every time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (PASSES, CODED, SILENT, FREE, LOST, "made_two.jpg", "made_dark.jpg"):
        shutil.copy(PHOTOS / name, folder)
    for name in (SPEECH, MOTION):
        shutil.copy(SAMPLES / name, folder)
    with wave.open(str(folder / TONE), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes((b"\x00\x10" * 20 + b"\x00\xf0" * 20) * 200)
    # A box that no player looks at makes another content of the same motion.
    for number in range(len(QUICK) + 2):
        box = b"\x00\x00\x00\x09free" + bytes([number])
        (folder / f"wave-{number}.mp4").write_bytes((SAMPLES / MOTION).read_bytes() + box)


def fill_bucket(client: Any, bucket: str) -> None:
    """Store a portrait that S3 knows by its ETag, and one that it knows by its SHA-256."""
    hopper, collins = (PHOTOS / "grace_hopper.jpg").read_bytes(), (PHOTOS / PASSES).read_bytes()
    client.put_object(Bucket=bucket, Key="etag.jpg", Body=hopper)
    client.put_object(Bucket=bucket, Key="sha256.png", Body=collins, ChecksumAlgorithm="SHA256")
