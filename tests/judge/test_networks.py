"""The small parts around the networks: anchors, bodies, light and sharpness."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from greenlight.judge.anchors import anchor_centres
from greenlight.judge.body import body_style
from greenlight.judge.clarity import grey_face, light, sharpness
from greenlight.judge.detector import Detection


def test_a_grid_of_one_anchor_a_cell_covers_the_picture() -> None:
    centres = anchor_centres(192, [4], 1)
    assert centres.shape == (48 * 48, 2)
    assert centres[0].tolist() == pytest.approx([0.5 / 48, 0.5 / 48])
    assert centres[1].tolist() == pytest.approx([1.5 / 48, 0.5 / 48])
    assert centres[-1].tolist() == pytest.approx([47.5 / 48, 47.5 / 48])


def test_layers_of_one_stride_share_their_grid() -> None:
    centres = anchor_centres(224, [8, 16, 32, 32, 32], 2)
    assert len(centres) == 28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6
    assert len(np.unique(centres[-6:], axis=0)) == 1


@pytest.mark.parametrize(
    ("hips_y", "circle_y", "shoulders_y", "style"),
    [
        (400, 40, 200, "full"),  # feet at 760
        (400, -40, 200, "full"),  # at 840, which is the model's room around the feet
        (600, 100, 300, "half"),  # feet far below the picture, waist at 480
        (1100, 100, 700, ""),  # waist at 940
        (300, 100, 400, ""),  # upside down
    ],
)
def test_the_body_style_is_told_by_feet_and_waist(
    hips_y: float, circle_y: float, shoulders_y: float, style: str
) -> None:
    points = np.array([[100, hips_y], [100, circle_y], [100, shoulders_y]], np.float32)
    person = Detection(np.zeros(4, np.float32), 0.9, points)
    assert body_style(person, 800) == style


def test_light_is_the_mean_grey() -> None:
    image = Image.new("RGB", (200, 200), (10, 10, 10))
    image.paste((90, 90, 90), (50, 50, 150, 150))
    assert light(grey_face(image, (50, 50, 150, 150))) == pytest.approx(90)


def test_sharpness_falls_with_blur_and_not_with_contrast() -> None:
    noise = np.random.default_rng(7).integers(0, 255, (96, 96), np.uint8)
    sharp = Image.fromarray(noise).convert("RGB")
    pale = Image.fromarray((noise // 4 + 90).astype(np.uint8)).convert("RGB")
    of = {
        name: sharpness(grey_face(image, (0, 0, 96, 96)))
        for name, image in {
            "sharp": sharp,
            "pale": pale,
            "blurred": sharp.filter(ImageFilter.GaussianBlur(4)),
        }.items()
    }
    assert of["blurred"] < of["sharp"] / 20
    assert of["pale"] == pytest.approx(of["sharp"], rel=0.1)


def test_an_even_surface_has_no_sharpness() -> None:
    assert sharpness(np.full((96, 96), 128, np.float32)) == 0
