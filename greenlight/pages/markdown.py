"""Write what came of portraits as Markdown, for places that show it, like an artifact of Prefect's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from greenlight.ledger.job import NAME_CHARACTERS
from greenlight.modelstudio.family import Role, Verdict
from greenlight.screening.opinions import Opinion
from greenlight.thumbnails.drawing import boxes_of
from greenlight.wording import cny
from greenlight.work.reports import FilmReport

LEGEND = "Green: the face. Dashed in amber: the part that is filmed."
BY = {"vendor": "the vendor", "preflight": "Greenlight's preflight, before anything was paid"}
PICTURE = "Picture" + "\N{NO-BREAK SPACE}" * 30
"""Wide enough for a thumbnail: in a table pictures shrink to the width of their column's words."""
_SPECIAL = re.compile(r"([\\`*_\[\]|~])")


@dataclass(frozen=True, slots=True)
class Shown:
    """A portrait or clip as it is shown: its name, place and picture, and what the judge thinks by model."""

    name: str
    place: str
    picture: str = ""
    """The address of a JPEG that holds it; "" where there is none."""
    opinions: dict[str, Opinion] = field(default_factory=dict)
    role: Role = Role.PORTRAIT


def portrait_page(shown: Shown, report: FilmReport) -> str:
    """Return the page of one portrait or clip: the picture, every verdict with its reason, and its video."""
    lines = [f"# {heading(shown.name, report)}", ""]
    if shown.picture:
        lines += [f"![{plain(shown.name)}, with what the check found]({shown.picture})", ""]
        if report.verdict and boxes_of(report.verdict):
            lines += [LEGEND, ""]
    if report.message:
        lines += [plain(report.message), ""]
    rows = [(shown.role.capitalize(), shown.place), *_video_rows(report)]
    for verdict in report.verdicts:
        rows += _verdict_rows(verdict, shown.opinions.get(verdict.model))
    rows += _job_rows(report)
    rows.append(("Paid by this run", cny(report.cost_cny)))
    return "\n".join([*lines, *_table(("", ""), rows)])


def heading(name: str, report: FilmReport) -> str:
    """Return in a line what became of a portrait: `anna.png · emo: Rejected`."""
    model = f" · {report.verdict.model}" if report.verdict else ""
    return f"{plain(name)}{model}: {report.state.label}"


def _verdict_rows(verdict: Verdict, opinion: Opinion | None) -> list[tuple[str, str]]:
    rows = [(verdict.model, verdict_in_words(verdict))]
    if opinion:
        rows.append(("Opinion of Greenlight's own judge", opinion.words))
        rows.append(("What to do", opinion.advice))
    if verdict.request_id:
        rows.append((f"Request id of {verdict.model}", verdict.request_id))
    return rows


def verdict_in_words(verdict: Verdict) -> str:
    """Return `passed`, or by whom it was refused and why."""
    if verdict.passed:
        return "passed"
    said = ": ".join(filter(None, (verdict.code, verdict.reason))) or "no reason given"
    return f"refused by {BY[verdict.by]}: {said}"


def _video_rows(report: FilmReport) -> list[tuple[str, str]]:
    facts = {
        "Video": report.video,
        "Length": None if report.seconds is None else f"{report.seconds:.2f} s",
        "sha256": report.sha256,
    }
    return [(name, value) for name, value in facts.items() if value]


def _job_rows(report: FilmReport) -> list[tuple[str, str]]:
    """Return what people call the paid generation by: the vendor's task, and the job's short name."""
    facts = {
        "Task id": report.task_id,
        "Job": (report.job or "").rpartition(",")[2][:NAME_CHARACTERS],
    }
    return [(name, value) for name, value in facts.items() if value]


def refusals_page(title: str, summary: str, refused: Sequence[tuple[Shown, Verdict]]) -> str:
    """Return a page with a contact sheet of refused portraits, each with its reason."""
    rows = [
        (
            f"![{plain(shown.name)}]({shown.picture})" if shown.picture else "",
            plain(shown.name),
            plain(reason_in_words(verdict, shown.opinions.get(verdict.model))),
        )
        for shown, verdict in refused
    ]
    lines = [f"# {plain(title)}", "", plain(summary), ""]
    if rows:
        lines += _table((PICTURE, "Refused", "Why"), rows, is_plain=False)
    return "\n".join(lines)


def reason_in_words(verdict: Verdict, opinion: Opinion | None) -> str:
    """Return why a portrait was refused; what the judge sees comes first, because lists cut the end off."""
    said = verdict_in_words(verdict)
    if not opinion:
        return said
    return f"{opinion.words}: {opinion.advice} (the judge's own opinion; {said})"


def _table(
    heading: Sequence[str], rows: Iterable[Sequence[str]], *, is_plain: bool = True
) -> list[str]:
    cells = [[plain(cell) for cell in row] if is_plain else list(row) for row in rows]
    return [_row(heading), _row([":--"] * len(heading)), *map(_row, cells)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def plain(text: str) -> str:
    """Return a text in which nothing is taken for Markdown or HTML; line breaks become spaces."""
    flat = " ".join(text.split())
    safe = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)
