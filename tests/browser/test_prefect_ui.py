"""In Prefect's UI a person finds what was refused and why, what was filmed, and where the videos lie."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Keep
from tests.browser.stage import Stage

RUNS = {
    "astronaut.png · emo": ("Filmed", "model:emo", "outcome:filmed"),
    "made_two.jpg · emo": ("Rejected", "model:emo", "outcome:rejected"),
    "grace_hopper.jpg · emo": ("Waiting for sound", "model:emo", "outcome:waiting_for_sound"),
    "1 & <b>.png · emo": ("Filmed", "model:emo", "outcome:filmed", "bucket:portraits"),
    "sweep s3://portraits/uploads/": ("Swept", "model:emo", "bucket:portraits"),
}
ROWS = "li:has([data-slot=card])"
SEEN, ADVICE = "two people are in the picture", "crop it to one person"
REASON = f"{SEEN}; {ADVICE}"
REASON_IN_SHORT = f"{SEEN}: {ADVICE}"

Size = Callable[[str], tuple[int, int]]


def open_runs(page: Page, stage: Stage) -> None:
    """Go where the front page leads to."""
    page.goto(stage.url)
    page.get_by_role("link", name="Runs", exact=True).click()


def open_run(page: Page, stage: Stage, run: str) -> None:
    page.goto(f"{stage.url}/v2/runs/flow-run/{stage.runs[run]}")


def open_artifact(page: Page, stage: Stage, run: str, key: str | None = None) -> None:
    """Open what was put into a run, by its key, or the only page that has none."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [stage.runs[run]]}}}
    found = httpx.post(f"{stage.url}/api/artifacts/filter", json=wanted).raise_for_status().json()
    # The run's result is among them too, without a type.
    (artifact,) = [one["id"] for one in found if one["type"] and one["key"] == key]
    page.goto(f"{stage.url}/v2/artifacts/artifact/{artifact}")


def fact(page: Page, name: str) -> Locator:
    """Return what stands beside a name in the page's table."""
    row = page.get_by_role("row").filter(has=page.get_by_role("cell", name=name, exact=True))
    return row.get_by_role("cell").last


def test_the_list_of_runs_says_it_all(page: Page, stage: Stage, keep: Keep) -> None:
    open_runs(page, stage)
    for name, words in RUNS.items():
        row = page.locator(ROWS).filter(has=page.get_by_role("link", name=name, exact=True))
        for word in words:
            expect(row.get_by_text(word, exact=True)).to_be_visible()
    keep("runs")


@pytest.mark.parametrize(
    ("tag", "named"),
    [
        ("outcome:rejected", {"made_two.jpg · emo", "sweep s3://portraits/uploads/"}),
        ("bucket:portraits", {"1 & <b>.png · emo", "sweep s3://portraits/uploads/"}),
        ("model:emo", set(RUNS)),
    ],
)
def test_the_list_is_filtered_by_a_tag(page: Page, stage: Stage, tag: str, named: set[str]) -> None:
    page.goto(f"{stage.url}/v2/runs")
    tags = page.get_by_placeholder("All tags")
    tags.fill(tag)
    tags.press("Enter")
    expect(page.locator(ROWS)).to_have_count(len(named))
    for name in named:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def test_the_front_page_leads_to_why_a_portrait_was_refused(
    page: Page, stage: Stage, keep: Keep
) -> None:
    open_runs(page, stage)
    page.get_by_role("link", name="made_two.jpg · emo", exact=True).click()
    expect(page.get_by_text(REASON).first).to_be_visible()
    keep("run refused")
    page.get_by_role("tab", name="Details").click()
    message = f"emo: no reason given; local judge: {REASON}"
    expect(page.get_by_text(message, exact=True)).to_be_visible()
    page.get_by_role("tab", name="Artifacts").click()
    cards = page.locator("a[href*='/artifacts/']")
    expect(cards).to_have_count(1)
    cards.click()
    expect(page.get_by_role("heading", name="made_two.jpg · emo: Rejected")).to_be_visible()


def test_a_refused_portrait_is_shown_with_its_reason(
    page: Page, stage: Stage, keep: Keep, natural_size: Size
) -> None:
    open_artifact(page, stage, "rejected")
    expect(page.get_by_role("heading", name="made_two.jpg · emo: Rejected")).to_be_visible()
    expect(fact(page, "emo")).to_have_text("refused by the vendor: no reason given")
    expect(fact(page, "Opinion of Greenlight's own judge")).to_have_text(SEEN)
    expect(fact(page, "What to do")).to_have_text(ADVICE)
    expect(fact(page, "Request id of emo")).to_have_text(re.compile("[0-9a-f-]{36}"))
    expect(fact(page, "Paid by this run")).to_have_text("0.004 CNY")
    width, height = natural_size("made_two.jpg, with what the check found")
    assert width > 400
    assert width / height == pytest.approx(1024 / 600, abs=0.01)
    keep("portrait refused")


@pytest.mark.parametrize(
    ("run", "name"), [("filmed", "astronaut.png"), ("collected later", "1 & <b>.png")]
)
def test_a_filmed_portrait_leads_to_its_video(
    page: Page, stage: Stage, keep: Keep, natural_size: Size, run: str, name: str
) -> None:
    open_artifact(page, stage, run)
    expect(page.get_by_role("heading", name=f"{name} · emo: Filmed")).to_be_visible()
    expect(fact(page, "emo")).to_have_text("passed")
    expect(page.get_by_text("Green: the face.")).to_be_visible()
    video = Path(fact(page, "Video").inner_text())
    assert (video.parent, video.suffix) == (stage.videos, ".mp4")
    assert video.is_file()
    expect(fact(page, "Length")).to_have_text("3.71 s")
    expect(fact(page, "sha256")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    expect(fact(page, "Paid by this run")).to_have_text(re.compile(r"^0\.\d+ CNY$"))
    width, height = natural_size(f"{name}, with what the check found")
    assert width == height > 400
    keep(f"portrait {run}")


def test_a_video_that_came_later_stands_in_the_run_that_ordered_it(
    page: Page, stage: Stage, keep: Keep
) -> None:
    open_run(page, stage, "collected later")
    expect(
        page.get_by_text(f"Filmed: 3.71 s for 0.2968 CNY, stored as {stage.videos}/1_b-emo-")
    ).to_be_visible()
    keep("run filmed later")


def test_a_portrait_that_waits_says_for_what(
    page: Page, stage: Stage, keep: Keep, natural_size: Size
) -> None:
    open_artifact(page, stage, "waiting")
    expect(page.get_by_text("the video needs a sound").first).to_be_visible()
    width, height = natural_size("grace_hopper.jpg, with what the check found")
    assert width / height == pytest.approx(512 / 600, abs=0.01)
    keep("portrait waiting")


def test_a_sweep_leads_to_its_pages(page: Page, stage: Stage, keep: Keep) -> None:
    open_run(page, stage, "sweep")
    page.get_by_role("tab", name="Artifacts").click()
    for key in ("refused-emo", "verdicts-emo", "progress-emo"):
        expect(page.locator(f"a[href$='/artifacts/key/{key}']")).to_be_visible()
    keep("sweep")


def test_a_sweep_shows_the_refused_with_their_reasons(
    page: Page, stage: Stage, keep: Keep, natural_size: Size
) -> None:
    open_artifact(page, stage, "sweep", "refused-emo")
    expect(page.get_by_role("heading", name="Sweep of s3://portraits/uploads/")).to_be_visible()
    expect(page.get_by_role("cell", name=REASON_IN_SHORT)).to_be_visible()
    width, _ = natural_size("安娜 🙂.jpg")
    assert width > 100
    shown = page.get_by_alt_text("安娜 🙂.jpg").bounding_box()
    assert shown is not None
    assert shown["width"] > 100, "a thumbnail is not squeezed by the words beside it"
    keep("sweep refused")


def test_a_sweep_has_a_table_of_its_verdicts(page: Page, stage: Stage, keep: Keep) -> None:
    open_artifact(page, stage, "sweep", "verdicts-emo")
    expect(page.get_by_role("cell", name="s3://portraits/uploads/安娜 🙂.jpg")).to_be_visible()
    expect(page.get_by_role("cell", name=REASON_IN_SHORT)).to_be_visible()
    keep("sweep table")


def test_no_artifact_holds_a_signed_link(stage: Stage) -> None:
    answer = httpx.post(f"{stage.url}/api/artifacts/filter", json={})
    pages = answer.raise_for_status().json()
    assert len(pages) > 6
    for signed in ("X-Amz-", "Signature", "Expires="):
        assert signed not in answer.text


@pytest.mark.parametrize("name", ["film", "on-upload", "sweep", "collect"])
def test_a_form_explains_its_parameters(page: Page, stage: Stage, keep: Keep, name: str) -> None:
    page.goto(f"{stage.url}/v2/deployments/deployment/{stage.deployments[name]}/run")
    for title, description in explained(stage, name).items():
        label = page.get_by_text(re.compile(f"^{re.escape(title)}( \\(Optional\\))?$"))
        expect(label.first).to_be_visible()
        if description:
            expect(page.get_by_text(description, exact=True).first).to_be_visible()
    keep(f"form {name}")


def explained(stage: Stage, name: str) -> dict[str, str]:
    """Return titles and descriptions of a deployment's parameters, and of the parts of its briefs."""
    answer = httpx.get(f"{stage.url}/api/deployments/{stage.deployments[name]}")
    schema = answer.raise_for_status().json()["parameter_openapi_schema"]
    told = {}
    for one in schema["properties"].values():
        # A title that is the same as the value's own is left out.
        told[one.get("title") or one["$ref"].rpartition("/")[2]] = one.get("description", "")
    # What may be left away is opened on request only.
    for brief in ("brief", "defaults"):
        name = schema["properties"].get(brief, {}).get("$ref", "").rpartition("/")[2]
        parts = schema.get("definitions", {}).get(name, {}).get("properties", {})
        told |= {one["title"]: one["description"] for one in parts.values()}
    return told


@pytest.fixture
def form(page: Page, stage: Stage) -> Page:
    """The form of a film run, with all that it needs."""
    page.goto(f"{stage.url}/v2/deployments/deployment/{stage.deployments['film']}/run")
    page.get_by_label("Portrait").fill("anna.png")
    return page


def count_of_runs(stage: Stage) -> int:
    return int(httpx.post(f"{stage.url}/api/flow_runs/count", json={}).raise_for_status().json())


def test_the_models_are_offered(form: Page) -> None:
    form.get_by_role("button", name="Select").click()
    expect(form.get_by_role("option")).to_have_text(
        ["wan-s2v", "emo", "liveportrait", "animate-anyone"]
    )


def test_a_form_without_a_portrait_is_refused(form: Page, stage: Stage, keep: Keep) -> None:
    before = count_of_runs(stage)
    form.get_by_label("Portrait").fill("")
    form.get_by_role("button", name="Submit").click()
    expect(form.get_by_text("'portrait' is a required property").first).to_be_visible()
    keep("form without a portrait")
    assert count_of_runs(stage) == before


def test_a_take_of_zero_is_refused(form: Page, stage: Stage) -> None:
    before = count_of_runs(stage)
    take = form.get_by_label("Take (Optional)")
    take.fill("0")
    form.get_by_role("button", name="Submit").click()
    told = take.evaluate("field => field.validationMessage")
    assert told == "Value must be greater than or equal to 1."
    assert count_of_runs(stage) == before


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ('{"mood": "good"}', "'mood' is not one of ['eye_move_freq', "),
        ('{"style_level": "wild"}', "'wild' is not one of ['normal', 'calm', 'active']"),
    ],
)
def test_a_wrong_parameter_is_told_before_a_run_starts(
    form: Page, stage: Stage, keep: Keep, parameters: str, told: str
) -> None:
    before = count_of_runs(stage)
    form.get_by_role("textbox").and_(form.locator(".cm-content")).first.click()
    form.keyboard.insert_text(parameters)
    expect(form.get_by_text(parameters)).to_be_visible()
    form.get_by_role("button", name="Submit").click()
    expect(form.get_by_text(told).first).to_be_visible()
    keep(f"form with {told[:8]}")
    assert count_of_runs(stage) == before
