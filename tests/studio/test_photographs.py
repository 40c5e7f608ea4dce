"""The four models' answers on real photographs are those that the manifest beside them gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from greenlight.judge import Judge, Sighting
from greenlight.modelstudio.catalog import family
from greenlight.modelstudio.checks import read_verdict
from greenlight.modelstudio.limits import PictureLimits
from greenlight.modelstudio.question import Question
from greenlight.studio.families import animate_anyone, emo, liveportrait, wan_s2v

COMMITTED = Path(__file__).resolve().parents[1] / "photos"
MORE = Path(__file__).resolve().parents[2].parent / "shared" / "photos"

FAMILIES = {
    "AnimateAnyone": ("animate-anyone", animate_anyone.answer),
    "EMO 1:1": ("emo", emo.answer),
    "LivePortrait": ("liveportrait", liveportrait.answer),
    "wan2.2-s2v check_pass/humanoid": ("wan-s2v", wan_s2v.answer),
}


@dataclass(frozen=True)
class Cell:
    """What one model should say of one photograph."""

    photograph: Path
    column: str
    expected: str

    def __str__(self) -> str:
        return f"{self.photograph.name}-{FAMILIES[self.column][0]}"


def cells_of(folder: Path) -> Iterator[Cell]:
    """Read the manifest's table; cells with a question mark are left out."""
    lines = (folder / "MANIFEST.md").read_text("utf-8").splitlines()
    names, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    for row in rows:
        by_name = dict(zip(names, row, strict=True))
        for column in FAMILIES:
            if "?" not in by_name[column]:
                yield Cell(folder / by_name["file"], column, by_name[column])


@cache
def judge() -> Judge:
    return Judge()


@cache
def sighting_of(photograph: Path) -> Sighting:
    return judge().look_at(photograph)


def breaks(limits: PictureLimits, photograph: Path) -> bool:
    """Tell whether the studio would answer with an error before it asks the judge."""
    with Image.open(photograph) as image:
        shorter, longer = sorted(image.size)
    return (
        shorter < (limits.min_edge_px or 0)
        or longer > (limits.max_edge_px or longer)
        or longer > (limits.max_aspect or longer) * shorter
        or photograph.stat().st_size >= (limits.below_bytes or float("inf"))
    )


def said_of(cell: Cell) -> str:
    """Put an answer into the manifest's words."""
    name, answer = FAMILIES[cell.column]
    if cell.expected.startswith("error") and breaks(family(name).picture, cell.photograph):
        return "error"
    return in_words(answer(sighting_of(cell.photograph), {}))


def in_words(output: dict[str, Any]) -> str:
    passed = output.get("check_pass", output.get("pass"))
    if "humanoid" in output:
        return f"{'pass' if passed else 'fail'}/{str(output['humanoid']).lower()}"
    return f"pass {output.get('bodystyle', '')}".strip() if passed else "fail"


def agrees(cell: Cell) -> bool:
    said = said_of(cell)
    if "full" in cell.expected or "half" in cell.expected:
        return cell.expected.startswith(said)
    return cell.expected.split()[0] == said


@pytest.mark.parametrize("cell", list(cells_of(COMMITTED)), ids=str)
def test_a_committed_photograph_gets_the_verdict_of_the_manifest(cell: Cell) -> None:
    assert agrees(cell), f"expected {cell.expected}, but it is {said_of(cell)}"


@pytest.mark.skipif(not MORE.is_dir(), reason="the photographs that are not committed are missing")
def test_of_all_photographs_at_most_two_verdicts_differ() -> None:
    cells = list(cells_of(MORE))
    wrong = [f"{cell}: {said_of(cell)}, not {cell.expected}" for cell in cells if not agrees(cell)]
    assert len(cells) > 80
    assert len(wrong) <= 2, wrong


def test_an_answer_has_the_fields_of_the_documents_samples() -> None:
    good, nobody = (
        sighting_of(COMMITTED / "astronaut.png"),
        sighting_of(COMMITTED / "coffee.png"),
    )
    assert animate_anyone.answer(good, {}) == {"check_pass": True, "bodystyle": "half"}
    assert animate_anyone.answer(nobody, {}) == {
        "check_pass": False,
        "reason": "The input image has no human body. "
        "Upload another image that contains a single person.",
        "bodystyle": "",
    }
    assert emo.answer(good, {}).keys() == {"check_pass", "face_bbox", "ext_bbox"}
    assert emo.answer(nobody, {}) == {"check_pass": False, "code": "", "message": ""}
    assert liveportrait.answer(good, {}) == {"pass": True, "message": ""}
    assert liveportrait.answer(nobody, {}) == {
        "pass": False,
        "message": "No human face detected.",
    }
    assert wan_s2v.answer(good, {}) == {"check_pass": True, "humanoid": True}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("made_dark.jpg", "the face is too dark"),
        ("made_two.jpg", "two people are in the picture"),
        ("made_masked.jpg", "no face can be made out"),
        ("made_blur.jpg", "the face is blurred"),
        ("grace_hopper.jpg", "the body is not seen down to the waist"),
    ],
)
def test_animate_anyone_says_why_it_refuses(name: str, words: str) -> None:
    reason = animate_anyone.answer(sighting_of(COMMITTED / name), {})["reason"]
    assert words in reason
    assert reason.endswith(".")


@pytest.mark.parametrize("ratio", ["1:1", "3:4"])
def test_a_pass_of_emo_is_one_for_the_client_too(ratio: str) -> None:
    sighting = sighting_of(COMMITTED / "astronaut.png")
    verdict = read_verdict(
        emo.answer(sighting, {"ratio": ratio}),
        Question.of(family("emo"), ratio=ratio),
        request_id="r",
        picture_size=sighting.size,
    )
    assert verdict.passed
