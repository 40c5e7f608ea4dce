"""Draw a contact sheet: one self-contained page with every portrait, its verdicts and its videos."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from urllib.parse import quote

from greenlight.modelstudio.family import Box, Verdict
from greenlight.portraits.pictures import Portrait
from greenlight.studio.thumbnails import thumbnail


@dataclass(slots=True)
class Entry:
    """One portrait on the sheet; the videos and reasons stand by the model's name."""

    portrait: Portrait
    verdicts: list[Verdict] = field(default_factory=list)
    videos: dict[str, str] = field(default_factory=dict)
    opinions: dict[str, str] = field(default_factory=dict)
    """What the local judge sees where the vendor refuses without a word."""


def write_contact_sheet(entries: Sequence[Entry], page: Path) -> None:
    """Write the sheet as an HTML file that needs no network; videos are linked beside it."""
    cards = "\n".join(_card(entry, page.parent) for entry in entries)
    page.write_text(_PAGE.format(cards=cards, count=len(entries)), encoding="utf-8")


def _card(entry: Entry, folder: Path) -> str:
    name = escape(entry.portrait.name)
    picture = base64.b64encode(thumbnail(Path(entry.portrait.place))).decode()
    rows = "\n".join(_row(verdict, entry, folder) for verdict in entry.verdicts)
    width, height = entry.portrait.size_px
    return (
        f'<article><figure><img alt="{name}" src="data:image/jpeg;base64,{picture}">'
        f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(_boxes(entry))}</svg>'
        f"</figure><h2>{name}</h2><p>{width}x{height} px</p><ul>{rows}</ul></article>"
    )


def _boxes(entry: Entry) -> Iterable[str]:
    """Yield EMO's two boxes, drawn in the portrait's own pixels."""
    for verdict in entry.verdicts:
        for name, kind in (("face_bbox", "face"), ("ext_bbox", "ext")):
            box: Box | None = getattr(verdict, name, None)
            if box is not None:
                left, top, right, bottom = box
                yield (
                    f'<rect class="{kind}" x="{left}" y="{top}" width="{right - left}" '
                    f'height="{bottom - top}"/>'
                )


def _row(verdict: Verdict, entry: Entry, folder: Path) -> str:
    model = escape(verdict.model)
    if not verdict.passed:
        return (
            f'<li class="no"><b>{model}</b> refused: {escape(reason_in_words(verdict, entry))}</li>'
        )
    video = entry.videos.get(verdict.model)
    if video is None:
        return f'<li class="yes"><b>{model}</b> passed</li>'
    link = escape(quote(os.path.relpath(video, folder)))
    return (
        f'<li class="yes"><b>{model}</b> filmed'
        f'<video controls preload="metadata" src="{link}" aria-label="{model}"></video></li>'
    )


def reason_in_words(verdict: Verdict, entry: Entry) -> str:
    """Return why a portrait was refused: the service's word, else the judge's, marked as such."""
    said = ": ".join(filter(None, (verdict.code, verdict.reason)))
    if said:
        return said
    seen = entry.opinions.get(verdict.model)
    return f"no reason given; the judge sees: {seen}" if seen else "no reason given"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Greenlight: contact sheet</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; --line: #8884; --yes: #1a7f4b; --no: #b3402e; }}
@media (prefers-color-scheme: dark) {{ :root {{ --yes: #5fd39a; --no: #ff9c8a; }} }}
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }}
main {{
  display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr));
}}
article {{ border: 1px solid var(--line); border-radius: .6rem; padding: 1rem; }}
figure {{ margin: 0 auto; position: relative; width: fit-content; }}
img {{ display: block; height: 12rem; width: auto; max-width: 100%; border-radius: .3rem; }}
svg {{ position: absolute; inset: 0; width: 100%; height: 100%; }}
rect {{ fill: none; stroke-width: 3px; vector-effect: non-scaling-stroke; }}
.face {{ stroke: #37d67a; }} .ext {{ stroke: #ffc13b; stroke-dasharray: 6 4; }}
h2 {{ font-size: 1rem; margin: .8rem 0 0; overflow-wrap: anywhere; }} p {{ margin: 0; opacity: .7; }}
ul {{ list-style: none; margin: .6rem 0 0; padding: 0; }}
li {{ margin: .35rem 0; padding-left: 1.2rem; position: relative; }}
li::before {{ position: absolute; left: 0; }}
.yes::before {{ content: "✓"; color: var(--yes); }} .no::before {{ content: "✗"; color: var(--no); }}
video {{ display: block; width: 100%; max-height: 10rem; margin-top: .3rem; background: #000; }}
</style></head><body>
<h1>Contact sheet</h1>
<p>{count} portraits; green is the face, dashed the part that EMO films.</p>
<main>
{cards}
</main></body></html>
"""
