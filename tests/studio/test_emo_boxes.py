from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from greenlight.judge import Face, Sighting
from greenlight.studio.families.emo import Box, answer, ext_bbox

RATIOS = {"1:1": Fraction(1), "3:4": Fraction(3, 4)}


@st.composite
def faces_in_pictures(draw: st.DrawFn) -> tuple[Box, tuple[int, int]]:
    width, height = draw(st.integers(400, 7000)), draw(st.integers(400, 7000))
    left, top = draw(st.integers(0, width - 40)), draw(st.integers(0, height - 40))
    right, bottom = draw(st.integers(left + 40, width)), draw(st.integers(top + 40, height))
    return (left, top, right, bottom), (width, height)


def test_the_documents_sample_comes_out_to_the_pixel() -> None:
    assert ext_bbox((302, 286, 610, 593), (1000, 1000), "1:1") == (71, 9, 840, 778)


@settings(derandomize=True, max_examples=300)
@given(placed=faces_in_pictures(), ratio=st.sampled_from(sorted(RATIOS)))
def test_the_outer_box_is_inside_holds_the_face_and_has_the_ratio(
    placed: tuple[Box, tuple[int, int]], ratio: str
) -> None:
    face, size = placed
    outer = ext_bbox(face, size, ratio)
    if outer is None:
        assert cannot_hold(face, size, RATIOS[ratio])
        return
    left, top, right, bottom = outer
    assert left >= 0
    assert top >= 0
    assert right <= size[0]
    assert bottom <= size[1]
    assert left <= face[0]
    assert top <= face[1]
    assert right >= face[2]
    assert bottom >= face[3]
    assert abs((right - left) - (bottom - top) * RATIOS[ratio]) <= Fraction(1, 2)


def cannot_hold(face: Box, size: tuple[int, int], ratio: Fraction) -> bool:
    """Tell whether no box of the ratio, up to the margins and the picture, is as large as the face."""
    face_width, face_height = face[2] - face[0], face[3] - face[1]
    margins = Fraction(5, 2) if ratio == 1 else Fraction(4)
    wanted = Fraction(face_width + face_height) / 2 * margins
    height = min(wanted, Fraction(size[1]), size[0] / ratio)
    return height < face_height + 1 or height * ratio < face_width + 1


def test_a_box_that_is_too_large_shrinks_and_keeps_the_ratio() -> None:
    assert ext_bbox((220, 244, 555, 580), (800, 800), "1:1") == (0, 0, 800, 800)


def test_a_box_that_reaches_out_moves_inside() -> None:
    outer = ext_bbox((0, 0, 100, 100), (1000, 1000), "1:1")
    assert outer == (0, 0, 250, 250)


def test_a_face_wider_than_the_ratio_allows_fails_the_check() -> None:
    """A face over the whole of a low picture fits into no upright box."""
    face = (100, 0, 700, 600)
    sighting = Sighting(
        size=(1000, 600),
        faces=(Face(face, 0.9, 1.0, 0.0, 0.0, light=120, sharpness=0.2),),
        people=1,
        body="",
    )
    assert answer(sighting, {"ratio": "1:1"})["check_pass"]
    assert not answer(sighting, {"ratio": "3:4"})["check_pass"]
