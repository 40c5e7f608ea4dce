"""Write the cards of the studio's page; all that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from greenlight.studio.answers import beijing_text
from greenlight.studio.jobs import FAILED, SUCCEEDED, Job, without_query
from greenlight.studio.request_log import CheckRecord

_BOXES: Final = {"face_bbox": "face", "ext_bbox": "ext"}
_TOLD_APART: Final = ("check_pass", "pass", "code", "message", "reason", *_BOXES)


def tile(name: str, value: str) -> str:
    """Return one counter."""
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def check_card(check: CheckRecord) -> str:
    """Return a check with its picture, boxes and verdict."""
    verdict = ("passed", "good") if check.passed else ("refused", "bad")
    output = check.output
    words = " ".join(str(output.get(name) or "") for name in ("code", "reason", "message")).strip()
    more = {**check.parameters, **{k: v for k, v in output.items() if k not in _TOLD_APART}}
    facts = {
        "model": check.model,
        "picture": _name(check.image_url),
        "says": ", ".join(f"{name} {_plain(value)}" for name, value in more.items()),
        "answer": words if check.status == 200 else f"HTTP {check.status} {words}",
        "judge saw": ", ".join(check.seen),
        "request": check.request_id,
    }
    return _card(_picture(check), verdict, "check", check.at_ms, facts)


def job_card(job: Job, link: str, subject: str) -> str:
    """Return a job with its state, and its video once there is one; `subject` is its picture's hash."""
    tone = {SUCCEEDED: "good", FAILED: "bad"}.get(job.status, "open")
    length = f"{job.seconds:g} s, {job.cost_cny:.3f} CNY" if job.seconds else ""
    inputs = [job.input.get(name) for name in ("image_url", "audio_url", "video_url")]
    facts = {
        "model": job.model,
        "from": ", ".join(_name(url) for url in inputs if isinstance(url, str)),
        "length": length,
        "template": job.template_id,
        "error": f"{job.code} {job.message}".strip(),
        "task": job.task_id,
        "request": job.request_id,
    }
    poster = _thumbnail(subject)
    shown = f'<img src="{poster}" alt="" loading="lazy">' if poster else ""
    if link:
        shown = (
            f'<video src="{escape(link)}" poster="{poster}" controls preload="none" '
            "playsinline></video>"
        )
    return _card(shown, (job.status.lower(), tone), "video job", job.submitted_ms, facts)


def _card(
    picture: str, state: tuple[str, str], kind: str, at_ms: int, facts: Mapping[str, str]
) -> str:
    word, tone = state
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value
    )
    return (
        f'<article class="{tone}"><div class="picture">{picture}</div><div class="told">'
        f'<p><b class="state">{escape(word)}</b> <span>{kind}</span> '
        f"<time>{beijing_text(at_ms)[5:19]}</time></p><dl>{rows}</dl></div></article>"
    )


def _picture(check: CheckRecord) -> str:
    width, height = check.size_px
    stroke = max(width, height) / 100
    boxes = "".join(
        f'<rect class="{tone}" x="{box[0]}" y="{box[1]}" width="{box[2] - box[0]}" '
        f'height="{box[3] - box[1]}" stroke-width="{stroke:.1f}"/>'
        for name, tone in _BOXES.items()
        if (box := check.output.get(name))
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="the portrait">'
        f'<image href="{_thumbnail(check.sha256)}" width="{width}" height="{height}"/>{boxes}</svg>'
    )


def _thumbnail(sha256: str) -> str:
    return f"/_studio/thumbnails/{escape(sha256)}.jpg" if sha256 else ""


def _name(url: str) -> str:
    """Return an address without its query, or only its last part if it is long."""
    shown = without_query(url)
    return shown if len(shown) <= 60 else f"…/{shown.rpartition('/')[2]}"


def _plain(value: Any) -> str:
    return (
        {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
    )
