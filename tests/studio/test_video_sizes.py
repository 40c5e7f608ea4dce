from __future__ import annotations

from typing import Any

import pytest

from greenlight.studio.families import animate_anyone, emo, liveportrait, wan_s2v

Size = tuple[int, int]


@pytest.mark.parametrize(
    ("ext_bbox", "size"),
    [
        ([71, 9, 840, 778], (512, 512)),
        ([0, 0, 300, 400], (512, 704)),
        ([0, 0, 301, 300], (512, 512)),
    ],
)
def test_emo_films_in_the_shape_of_the_outer_box(ext_bbox: list[int], size: Size) -> None:
    assert emo.video_size({"input": {"ext_bbox": ext_bbox}}, (1000, 1000)) == size


@pytest.mark.parametrize(
    ("picture", "size"),
    [((1024, 768), (512, 384)), ((301, 299), (300, 300)), ((999, 2000), (256, 512))],
)
def test_liveportrait_keeps_the_pictures_shape(picture: Size, size: Size) -> None:
    assert liveportrait.video_size({}, picture) == size


@pytest.mark.parametrize(
    ("body", "picture", "size"),
    [
        ({}, (1664, 960), (832, 480)),
        ({"parameters": {"resolution": "480P"}}, (960, 1664), (480, 832)),
        ({"parameters": {"resolution": "720P"}}, (1664, 936), (1280, 720)),
    ],
)
def test_wan_s2v_keeps_the_shape_and_has_the_pixels_asked_for(
    body: dict[str, Any], picture: Size, size: Size
) -> None:
    assert wan_s2v.video_size(body, picture) == size


@pytest.mark.parametrize(
    ("parameters", "size"),
    [
        ({}, (432, 768)),
        ({"use_ref_img_bg": False, "video_ratio": "3:4"}, (432, 768)),
        ({"use_ref_img_bg": True}, (432, 768)),
        ({"use_ref_img_bg": True, "video_ratio": "3:4"}, (480, 640)),
    ],
)
def test_animate_anyone_heeds_the_ratio_only_with_the_pictures_background(
    parameters: dict[str, Any], size: Size
) -> None:
    assert animate_anyone.video_size({"parameters": parameters}, (800, 800)) == size


@pytest.mark.parametrize("picture", [(400, 7000), (7000, 401), (513, 999), (40, 40)])
@pytest.mark.parametrize("family", [liveportrait, wan_s2v])
def test_every_side_is_even(family: Any, picture: Size) -> None:
    assert all(side % 2 == 0 and side > 0 for side in family.video_size({}, picture))
