from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from greenlight.judge import Face, FindingKind, Judge, Sighting, findings

PHOTOS = Path(__file__).resolve().parents[1] / "photos"


@cache
def judge() -> Judge:
    return Judge()


def look_at(name: str) -> Sighting:
    return judge().look_at(PHOTOS / name)


def face_of(sighting: Sighting) -> Face:
    assert sighting.face is not None
    return sighting.face


def test_a_portrait_is_one_person_who_looks_at_the_camera() -> None:
    sighting = look_at("astronaut.png")
    assert sighting.size == (512, 512)
    assert (sighting.people, sighting.body, len(sighting.faces)) == (1, "half", 1)
    face = face_of(sighting)
    assert face.box == pytest.approx((172, 67, 277, 172), abs=4)
    assert face.width_px == face.box[2] - face.box[0]
    assert face.clear
    assert abs(face.yaw_degrees) < 10
    assert abs(face.roll_degrees) < 15
    assert 120 < face.light < 180


def test_a_head_tilted_clockwise_has_a_positive_roll() -> None:
    with Image.open(PHOTOS / "grace_hopper.jpg") as image:
        clockwise = image.rotate(-20, fillcolor="grey")
        counterclockwise = image.rotate(20, fillcolor="grey")
    assert face_of(judge().look(clockwise)).roll_degrees == pytest.approx(20, abs=8)
    assert face_of(judge().look(counterclockwise)).roll_degrees == pytest.approx(-20, abs=8)


@pytest.mark.parametrize("name", ["coffee.png", "rocket.jpg", "chelsea.png"])
def test_nobody_is_seen_where_nobody_is(name: str) -> None:
    sighting = look_at(name)
    assert (sighting.people, sighting.faces, sighting.face) == (0, (), None)


def test_two_people_side_by_side_are_two_the_larger_first() -> None:
    sighting = look_at("made_two.jpg")
    assert sighting.people == 2
    assert [face.width_px for face in sighting.faces] == sorted(
        (face.width_px for face in sighting.faces), reverse=True
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("camera.png", FindingKind.NO_FACE),
        ("made_masked.jpg", FindingKind.NO_FACE),
        ("made_rot90.jpg", FindingKind.NO_FACE),
        ("made_dark.jpg", FindingKind.LIGHT),
        ("made_blur.jpg", FindingKind.BLUR),
        ("grace_hopper.jpg", FindingKind.NO_BODY),
    ],
)
def test_what_is_wrong_is_found(name: str, kind: FindingKind) -> None:
    sighting = look_at(name)
    assert sighting.people == 1
    assert kind in {finding.kind for finding in findings(sighting)}


def test_a_person_small_in_the_picture_is_somebody_without_a_usable_face() -> None:
    field = Image.new("RGB", (1000, 1000), (120, 130, 140))
    with Image.open(PHOTOS / "astronaut.png") as image:
        field.paste(image.resize((210, 210)), (300, 450))
    sighting = judge().look(field)
    assert sighting.people == 1
    assert {finding.kind for finding in findings(sighting)} & {
        FindingKind.NO_FACE,
        FindingKind.SMALL_FACE,
    }


def test_boxes_are_in_pixels_of_the_picture_itself_however_large() -> None:
    with Image.open(PHOTOS / "astronaut.png") as image:
        large = image.resize((3072, 3072))
    sighting = judge().look(large)
    assert sighting.size == (3072, 3072)
    sixfold = [edge * 6 for edge in face_of(look_at("astronaut.png")).box]
    assert face_of(sighting).box == pytest.approx(sixfold, abs=40)


def test_a_face_at_the_edge_has_its_box_inside() -> None:
    with Image.open(PHOTOS / "grace_hopper.jpg") as image:
        cut = image.crop((200, 160, 512, 600))
    for face in judge().look(cut).faces:
        assert face.box[0] >= 0
        assert face.box[1] >= 0
        assert face.box[2] <= 312
        assert face.box[3] <= 440


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (5, 400)])
def test_odd_shapes_hold_nobody(size: tuple[int, int]) -> None:
    assert judge().look(Image.new("RGB", size)).people == 0


def test_a_file_its_bytes_and_its_picture_look_the_same() -> None:
    photograph = PHOTOS / "grace_hopper.jpg"
    with Image.open(photograph) as image:
        looked = judge().look(image)
    assert judge().look_at(photograph) == judge().look_at(photograph.read_bytes()) == looked


def test_one_judge_serves_more_threads_than_it_has_eyes() -> None:
    names = ["astronaut.png", "grace_hopper.jpg", "coffee.png", "made_two.jpg"]
    expected = [look_at(name) for name in names]
    shared = Judge(at_once=2)
    with ThreadPoolExecutor(6) as pool:
        seen = list(pool.map(shared.look_at, [PHOTOS / name for name in names * 4]))
    assert seen == expected * 4
