"""Show people what was asked of the studio, newest first, with pictures, boxes and videos."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from greenlight.studio.cards import check_card, job_card, tile
from greenlight.studio.counters import counters
from greenlight.studio.families.offers import find_offer
from greenlight.studio.jobs import ENDED, Job
from greenlight.studio.links import result_link
from greenlight.studio.studio import Studio

MOST_SHOWN: Final = 100
_REFRESH: Final = """
setInterval(async () => {
  const busy = [...document.querySelectorAll("video")].some(v => !v.paused);
  if (busy || document.hidden) return;
  try {
    const text = await (await fetch(location.href)).text();
    const now = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    const old = document.querySelector("main");
    if (now && now.innerHTML !== old.innerHTML) old.replaceWith(now);
  } catch { /* the studio is away; the next round asks again */ }
}, 4000);
"""


async def show(request: Request) -> Response:
    """Answer with the page; it needs nothing but the studio itself."""
    studio: Studio = request.app.state.studio
    dated = [
        (check.at_ms, check_card(check)) for check in studio.request_log.newest_checks(MOST_SHOWN)
    ]
    for job in studio.jobs.newest(MOST_SHOWN):
        link = result_link(request, studio, job) if job.video and job.status in ENDED else ""
        dated.append((job.submitted_ms, job_card(job, link, _subject(studio, job))))
    newest = sorted(dated, key=lambda one: one[0], reverse=True)[:MOST_SHOWN]
    cards = "\n".join(card for _, card in newest)
    return HTMLResponse(_document(_tiles(studio), cards))


def _subject(studio: Studio, job: Job) -> str:
    """Return the hash of the picture or clip that a job films, "" while it was not fetched."""
    offer = find_offer(job.model, studio.settings.deployments)
    if offer is None or offer.model.kind != "video":
        return ""
    played = offer.studio_family
    return job.digests.get(played.field(played.family.subject), "")


async def thumbnail(request: Request) -> Response:
    """Answer with the small picture of a portrait."""
    studio: Studio = request.app.state.studio
    jpeg = studio.request_log.thumbnail(request.path_params["sha256"])
    if jpeg is None:
        return Response(status_code=404)
    # It is named by the picture's hash, so it never changes.
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def _tiles(studio: Studio) -> str:
    told = counters(studio.request_log, studio.jobs)
    seconds = sum(told["seconds_billed"].values())
    return "".join(
        (
            tile("checks paid", str(sum(told["checks_paid"].values()))),
            tile("jobs accepted", str(sum(told["creates_accepted"].values()))),
            tile("jobs open", str(sum(told["jobs_open"].values()))),
            tile("succeeded", str(sum(told["jobs_succeeded"].values()))),
            tile("failed", str(sum(told["jobs_failed"].values()))),
            tile("canceled", str(sum(told["jobs_canceled"].values()))),
            tile("seconds billed", f"{seconds:.2f}"),
            tile("CNY it would have cost", f"{told['cost_cny']:.3f}"),
            tile("answered 429", str(sum(told["answered_429"].values()))),
        )
    )


def _document(tiles: str, cards: str) -> str:
    style = files("greenlight.studio").joinpath("page.css").read_text(encoding="utf-8")
    nothing = '<p class="nothing">Nothing was asked yet.</p>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Greenlight studio</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<header><h1>Greenlight studio</h1>
<p>It speaks Model Studio's protocol, looks at the pictures with a local judge, and costs nothing.
Times are UTC+8.</p></header>
<main>
<dl class="tiles">{tiles}</dl>
<div class="cards">{cards or nothing}</div>
</main>
<script>{_REFRESH}</script>
</body>
</html>
"""
