from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from greenlight.judge import Face, FindingKind, Sighting, findings

FACE = Face((100, 100, 200, 200), 0.9, 1.0, 0.0, 0.0, light=120.0, sharpness=0.2)
PORTRAIT = Sighting(size=(600, 800), faces=(FACE,), people=1, body="half")


def kinds(sighting: Sighting) -> list[FindingKind]:
    return [finding.kind for finding in findings(sighting)]


def test_a_good_portrait_has_none() -> None:
    assert findings(PORTRAIT) == ()


def test_nobody_is_the_only_finding_of_an_empty_picture() -> None:
    empty = Sighting(size=(600, 800), faces=(), people=0, body="")
    assert kinds(empty) == [FindingKind.NOBODY]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"yaw_degrees": -43.4}, FindingKind.TURNED, "the face is turned by 43 degrees"),
        ({"roll_degrees": 55.0}, FindingKind.TILTED, "the head is tilted by 55 degrees"),
        (
            {"box": (100, 100, 131, 140)},
            FindingKind.SMALL_FACE,
            "the face is 31 px wide, which is less than 48",
        ),
        ({"light": 37.2}, FindingKind.LIGHT, "the face is too dark (mean grey 37 of 255)"),
        ({"light": 231.0}, FindingKind.LIGHT, "the face is too bright (mean grey 231 of 255)"),
        (
            {"sharpness": 0.002},
            FindingKind.BLUR,
            "the face is blurred (sharpness 0.002, less than 0.02)",
        ),
        ({"landmark_score": 0.2}, FindingKind.NO_FACE, "no face can be made out"),
    ],
)
def test_a_face_is_found_fault_with_in_words(
    changes: dict[str, Any], kind: FindingKind, words: str
) -> None:
    (found,) = findings(replace(PORTRAIT, faces=(replace(FACE, **changes),)))
    assert (found.kind, found.words) == (kind, words)


@pytest.mark.parametrize(
    ("people", "words"),
    [(2, "two people are in the picture"), (14, "14 people are in the picture")],
)
def test_several_people_are_counted(people: int, words: str) -> None:
    (found,) = findings(replace(PORTRAIT, people=people))
    assert (found.kind, found.words) == (FindingKind.SEVERAL_PEOPLE, words)


def test_a_person_seen_from_behind_has_no_face() -> None:
    assert kinds(replace(PORTRAIT, faces=())) == [FindingKind.NO_FACE]


def test_a_head_alone_has_no_body() -> None:
    assert kinds(replace(PORTRAIT, body="")) == [FindingKind.NO_BODY]


def test_all_faults_are_told_and_the_people_first() -> None:
    bad = replace(FACE, yaw_degrees=50.0, light=20.0)
    assert kinds(replace(PORTRAIT, people=3, faces=(bad,), body="")) == [
        FindingKind.SEVERAL_PEOPLE,
        FindingKind.TURNED,
        FindingKind.LIGHT,
        FindingKind.NO_BODY,
    ]


def test_the_largest_face_is_the_one_that_counts() -> None:
    behind = replace(FACE, box=(0, 0, 50, 50), yaw_degrees=70.0)
    assert findings(replace(PORTRAIT, faces=(FACE, behind))) == ()
