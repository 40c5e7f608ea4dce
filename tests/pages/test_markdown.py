"""Pages of Markdown show a name as it is written, every reason in words, and nothing that nobody needs."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenlight.modelstudio.families.animate_anyone import AnimateAnyoneVerdict
from greenlight.modelstudio.families.emo import EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitVerdict
from greenlight.pages.markdown import (
    LEGEND,
    Shown,
    plain,
    portrait_page,
    reason_in_words,
    refusals_page,
    verdict_in_words,
)
from greenlight.screening.opinions import Opinion
from greenlight.work.reports import FilmReport, FilmState, report_rejection

PICTURE = "data:image/jpeg;base64,AAAA"
PASSED = EmoVerdict(passed=True, face_bbox=(1, 1, 9, 9), ext_bbox=(0, 0, 10, 10), request_id="id-1")
REFUSED = EmoVerdict(passed=False, request_id="id-2")
OPINION = Opinion("two people are in the picture", "crop it to one person")
FILMED = FilmReport(
    state=FilmState.FILMED,
    message="3.71 s, stored as s3://films/anna.mp4",
    verdict=PASSED,
    verdicts=[PASSED],
    job="dashscope.aliyuncs.com%3A443,0123456789abcdef",
    task_id="task-1",
    video="s3://films/anna.mp4",
    sha256="ab" * 32,
    seconds=3.712,
    cost_cny=Decimal("0.3008"),
)
HOSTILE = "a|b_c*d`e[f](g)~h\\i <img src=x onerror=alert(1)> & 安娜 🙂.png"


def rows_of(page: str) -> dict[str, str]:
    """Return the rows of a page's table by their first cells; an escaped line ends no cell."""
    rows = [
        re.split(r"(?<!\\)\|", line)[1:-1] for line in page.splitlines() if line.startswith("|")
    ]
    assert len({len(row) for row in rows}) == 1, "every row has as many cells"
    return {row[0].strip(): row[1].strip() for row in rows}


def test_a_page_says_all_of_a_video_and_of_what_it_cost() -> None:
    page = portrait_page(Shown("anna.png", "s3://in/anna.png", PICTURE), FILMED)
    assert page.startswith("# anna.png · emo: Filmed\n")
    assert f"![anna.png, with what the check found]({PICTURE})" in page
    assert LEGEND in page
    rows = rows_of(page)
    assert {name: rows[name] for name in ("Portrait", "Video", "Length", "emo")} == {
        "Portrait": "s3://in/anna.png",
        "Video": "s3://films/anna.mp4",
        "Length": "3.71 s",
        "emo": "passed",
    }
    assert rows["sha256"] == "ab" * 32
    assert rows["Request id of emo"] == "id-1"
    assert (rows["Task id"], rows["Job"]) == ("task-1", "0123456789ab")
    assert rows["Paid by this run"] == "0.3008 CNY"


def test_a_refusal_without_a_word_has_the_opinion_of_the_judge_marked_as_such() -> None:
    report = report_rejection([REFUSED], {"emo": str(OPINION)})
    page = portrait_page(Shown("anna.png", "anna.png", PICTURE, {"emo": OPINION}), report)
    rows = rows_of(page)
    assert rows["emo"] == "refused by the vendor: no reason given"
    assert rows["Opinion of Greenlight's own judge"] == "two people are in the picture"
    assert rows["What to do"] == "crop it to one person"
    assert LEGEND not in page, "nothing is drawn on it"
    assert "Video" not in rows


def test_every_model_that_was_asked_has_its_row() -> None:
    other = LivePortraitVerdict(passed=False, code="InvalidFile.NoHuman", reason="No face.")
    rows = rows_of(portrait_page(Shown("a.png", "a.png"), report_rejection([REFUSED, other])))
    assert rows["liveportrait"] == "refused by the vendor: InvalidFile.NoHuman: No face."
    assert "emo" in rows


def test_a_refusal_before_anything_was_paid_says_so() -> None:
    verdict = EmoVerdict(passed=False, by="preflight", code="InvalidFile.Resolution")
    said = verdict_in_words(verdict)
    assert said == (
        "refused by Greenlight's preflight, before anything was paid: InvalidFile.Resolution"
    )


def test_a_page_without_a_picture_has_none() -> None:
    page = portrait_page(Shown("a.png", "a.png"), FILMED)
    assert "![" not in page
    assert LEGEND not in page


def test_a_report_without_a_verdict_is_a_page_too() -> None:
    report = FilmReport(state=FilmState.OVER_BUDGET, message="nothing was sent")
    page = portrait_page(Shown("a.png", "a.png"), report)
    assert page.startswith("# a.png: Over budget\n")
    assert rows_of(page)["Paid by this run"] == "0 CNY"


def test_special_characters_stay_text_in_headings_tables_and_alternative_texts() -> None:
    report = report_rejection([AnimateAnyoneVerdict(passed=False, reason=HOSTILE)])
    page = portrait_page(Shown(HOSTILE, HOSTILE, PICTURE), report)
    assert "<img" not in page
    assert not re.search(r"(?<!\\)\]\(g\)", page)
    assert rows_of(page)["Portrait"] == plain(HOSTILE)
    assert page.count(PICTURE) == 1
    sheet = refusals_page(HOSTILE, HOSTILE, [(Shown(HOSTILE, HOSTILE, PICTURE), REFUSED)])
    assert "<img" not in sheet
    assert len(rows_of(sheet)) == 3


def test_line_breaks_end_no_row() -> None:
    report = report_rejection([AnimateAnyoneVerdict(passed=False, reason="one\n| two\r\n# three")])
    rows = rows_of(portrait_page(Shown("a\nb.png", "a\nb.png"), report))
    assert rows["animate-anyone"] == r"refused by the vendor: one \| two # three"
    assert rows["Portrait"] == "a b.png"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    safe = plain(text)
    assert not re.search(r"[<>\n\r]", safe)
    assert not re.search(r"(?<!\\)(?:\\\\)*[|*_`\[\]~]", safe)


def test_the_sheet_has_a_picture_where_there_is_one_and_a_reason_everywhere() -> None:
    refused = [
        (Shown("a.png", "a.png", PICTURE, {"emo": OPINION}), REFUSED),
        (Shown("b.png", "b.png"), REFUSED),
    ]
    page = refusals_page("Sweep of in/", "2 rejected", refused)
    assert page.startswith("# Sweep of in/\n\n2 rejected\n")
    assert f"![a.png]({PICTURE}) | a.png | {reason_in_words(REFUSED, OPINION)} |" in page
    assert "|  | b.png | refused by the vendor: no reason given |" in page


def test_a_sheet_of_nobody_has_no_table() -> None:
    assert refusals_page("Sweep of in/", "3 passed", []) == "# Sweep of in/\n\n3 passed\n"


@pytest.mark.parametrize("opinion", [None, Opinion()])
def test_no_opinion_adds_nothing(opinion: Opinion | None) -> None:
    assert reason_in_words(REFUSED, opinion) == "refused by the vendor: no reason given"
