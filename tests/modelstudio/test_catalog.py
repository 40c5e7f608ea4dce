"""The catalog says what the vendor's documents say: ids, paths, limits, prices, parameters."""

from __future__ import annotations

import ast
import logging
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from greenlight.modelstudio import catalog
from greenlight.modelstudio.families.animate_anyone import ANIMATE_ANYONE, AnimateAnyoneVerdict
from greenlight.modelstudio.families.emo import EmoParameters, EmoVerdict
from greenlight.modelstudio.families.liveportrait import LivePortraitParameters, LivePortraitVerdict
from greenlight.modelstudio.families.wan_s2v import WanS2vParameters, WanS2vVerdict
from greenlight.modelstudio.family import Family, Input, Role
from greenlight.modelstudio.limits import PictureLimits, SoundLimits, VideoLimits
from greenlight.modelstudio.refusal_codes import is_refusal, is_refusal_of_clip
from tests.modelstudio.films import film_request

FACE_DETECT = "/services/aigc/image2video/face-detect"
SYNTHESIS = "/services/aigc/image2video/video-synthesis"
MIB = 1024 * 1024


def test_the_models_are_those_of_the_vendor() -> None:
    assert {model.id: model.path for model in catalog.models().values()} == {
        "animate-anyone-detect-gen2": "/services/aigc/image2video/aa-detect",
        "animate-anyone-template-gen2": "/services/aigc/image2video/aa-template-generation",
        "animate-anyone-gen2": SYNTHESIS,
        "emo-detect-v1": FACE_DETECT,
        "emo-v1": SYNTHESIS,
        "liveportrait-detect": FACE_DETECT,
        "liveportrait": SYNTHESIS,
        "wan2.2-s2v-detect": FACE_DETECT,
        "wan2.2-s2v": SYNTHESIS,
    }


def test_all_but_wan_s2v_were_announced_for_retirement() -> None:
    retiring = {model.id: model.retires_on for model in catalog.models().values()}
    staying = {model for model, day in retiring.items() if day is None}
    assert staying == {"wan2.2-s2v-detect", "wan2.2-s2v"}
    assert {day for day in retiring.values() if day} == {date(2026, 10, 10)}
    assert all(model.replaced_by for model in catalog.models().values() if model.retires_on)


def test_a_retiring_model_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        for model in ("emo-detect-v1", "emo-v1"):
            catalog.warn_of_retirement(model)
    warnings = [record.getMessage() for record in caplog.records]
    assert [warning.split(":")[0] for warning in warnings] == ["emo-detect-v1", "emo-v1"]
    assert all("2026-10-10" in warning and "wan-s2v" in warning for warning in warnings)


@pytest.mark.parametrize("model", ["wan2.2-s2v-detect", "wan2.2-s2v", "emo-detect-mine"])
def test_a_staying_model_and_an_own_deployment_are_not_warned_of(
    model: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    catalog.warn_of_retirement(model)
    assert caplog.records == []


def test_a_check_costs_the_same_everywhere_and_is_answered_at_once() -> None:
    for family in catalog.families().values():
        assert family.check is not None
        assert family.check.model.prices_cny == {"image": Decimal("0.004")}
        assert not family.check.model.is_asynchronous
        assert family.check.model.running_at_once is None
        assert family.video.is_asynchronous
        assert family.video.running_at_once == 1


def test_a_family_that_films_a_clip_shows_it_to_no_detector(lips: Family) -> None:
    assert (lips.subject, catalog.filming(Role.CLIP)) == (Role.CLIP, ["lips"])
    assert {catalog.family(name).subject for name in catalog.filming(Role.PORTRAIT)} == {
        Role.PORTRAIT
    }
    assert catalog.unchecked() == ["lips"]
    with pytest.raises(ValueError, match="lips films a clip, and a check looks at a portrait"):
        replace(lips, check=ANIMATE_ANYONE.check)


def test_what_files_may_be_follows_from_what_the_families_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    megabyte = 1024 * 1024
    assert catalog.largest_input_bytes() == 200 * megabyte
    assert catalog.formats(SoundLimits) == ["mp3", "wav"]
    larger = replace(
        catalog.family("animate-anyone"),
        inputs=(
            Input(Role.CLIP, "video_url", VideoLimits(max_bytes=300 * megabyte)),
            Input(Role.SOUND, "audio_url", SoundLimits(formats=frozenset({"aac"}))),
        ),
        check=None,
    )
    monkeypatch.setattr(catalog, "FAMILIES", (*catalog.FAMILIES, larger))
    assert catalog.largest_input_bytes() == 300 * megabyte
    assert catalog.formats(SoundLimits) == ["aac", "mp3", "wav"]
    assert catalog.formats(VideoLimits) == ["avi", "mov", "mp4"]


@pytest.mark.usefixtures("lips")
@pytest.mark.parametrize(
    ("names", "count", "words"),
    [
        (["emo"], 2, "portraits"),
        (["emo", "wan-s2v"], 1, "portrait"),
        (["lips"], 1, "clip"),
        (["lips", "emo"], 0, "portraits or clips"),
    ],
)
def test_what_models_film_is_said_in_words(names: list[str], count: int, words: str) -> None:
    assert catalog.subjects_in_words(names, count) == words


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        ("InvalidFile.NoHuman", "portrait clip"),
        ("InvalidImage.NoHuman", "portrait clip"),
        # Of a family that films a portrait it is the motion's fault.
        ("InvalidVideo.NoHuman", "clip"),
        ("InvalidURL", ""),
        ("InternalError", ""),
    ],
)
def test_a_failed_task_refuses_a_clip_by_more_codes_than_a_portrait(
    code: str, refused: str
) -> None:
    told = {"portrait": is_refusal(code), "clip": is_refusal_of_clip(code)}
    assert [name for name, is_refused in told.items() if is_refused] == refused.split()


@pytest.mark.parametrize(
    ("name", "parameters", "ratio", "price"),
    [
        ("emo", {}, None, "0.08"),
        ("emo", {}, "1:1", "0.08"),
        ("emo", {}, "3:4", "0.16"),
        ("liveportrait", {}, None, "0.02"),
        ("wan-s2v", {}, None, "0.5"),
        ("wan-s2v", {"resolution": "720P"}, None, "0.9"),
        ("animate-anyone", {}, None, "0.08"),
    ],
)
def test_a_second_of_video_has_its_price(
    name: str, parameters: dict[str, Any], ratio: str | None, price: str
) -> None:
    family = catalog.family(name)
    asked = family.parameters.model_validate(parameters)
    assert family.price_per_second_cny(asked, ratio) == Decimal(price)


def test_the_limits_are_those_of_the_documents() -> None:
    emo, liveportrait, wan, animate = (
        catalog.family(name) for name in ("emo", "liveportrait", "wan-s2v", "animate-anyone")
    )
    webp = frozenset({"JPEG", "PNG", "BMP", "WEBP"})
    assert emo.picture == wan.picture == PictureLimits(webp, 400, 7000)
    assert liveportrait.picture == PictureLimits(webp, None, 4096, 2.0, 10 * MIB)
    assert animate.picture == PictureLimits(webp - {"WEBP"}, 225, 4096, 2.0, 5 * MIB)
    sounds = [family.sound for family in (emo, liveportrait, wan) if family.sound]
    assert [(s.min_seconds, s.max_seconds) for s in sounds] == [(0, 60), (1, 180), (0, 20)]
    assert [s.max_bytes for s in sounds] == [15 * MIB, 15 * MIB - 1, 15 * MIB - 1]
    assert (animate.sound, animate.motion) == (None, VideoLimits())


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("emo", "style_level", "wild"),
        ("emo", "resolution", "480P"),
        ("liveportrait", "template_id", "wild"),
        ("liveportrait", "eye_move_freq", -0.1),
        ("liveportrait", "eye_move_freq", 1.1),
        ("liveportrait", "eye_move_freq", float("nan")),
        ("liveportrait", "video_fps", 14),
        ("liveportrait", "video_fps", 31),
        ("liveportrait", "video_fps", 24.5),
        ("liveportrait", "mouth_move_strength", 1.6),
        ("liveportrait", "head_move_strength", 1.1),
        ("liveportrait", "paste_back", "perhaps"),
        ("wan-s2v", "resolution", "1080P"),
        ("wan-s2v", "style", "opera"),
        ("animate-anyone", "video_ratio", "1:1"),
        ("animate-anyone", "use_ref_img_bg", None),
    ],
)
def test_a_parameter_out_of_its_range_is_refused(name: str, parameter: str, value: object) -> None:
    with pytest.raises(ValidationError, match=parameter):
        catalog.family(name).parameters.model_validate({parameter: value})


def _film(name: str, verdict: Any, parameters: Any) -> Any:
    return film_request(
        catalog.family(name),
        "https://example.com/a.png",
        "https://example.com/a.mp3",
        verdict=verdict,
        parameters=parameters,
    )


@pytest.mark.parametrize(
    ("name", "verdict", "parameters"),
    [
        ("emo", EmoVerdict(passed=False), EmoParameters()),
        ("emo", WanS2vVerdict(passed=True), EmoParameters()),
        ("liveportrait", LivePortraitVerdict(passed=False), LivePortraitParameters()),
        ("liveportrait", LivePortraitVerdict(passed=True), EmoParameters()),
        ("wan-s2v", LivePortraitVerdict(passed=True), WanS2vParameters()),
        ("animate-anyone", AnimateAnyoneVerdict(passed=True), WanS2vParameters()),
    ],
)
def test_a_film_needs_a_pass_and_parameters_of_its_own_family(
    name: str, verdict: Any, parameters: Any
) -> None:
    with pytest.raises(ValueError, match=name):
        _film(name, verdict, parameters)


def test_a_pass_of_emo_cannot_be_made_without_boxes() -> None:
    with pytest.raises(ValidationError, match="ext_bbox"):
        EmoVerdict(passed=True, face_bbox=(1, 1, 5, 5))


def test_a_template_needs_a_motion_video() -> None:
    with pytest.raises(ValueError, match="motion"):
        ANIMATE_ANYONE.template_request("")
    assert ANIMATE_ANYONE.template_request("https://example.com/d.mp4", "mine").model == "mine"


def test_wan_s2v_is_not_priced_by_foreign_parameters() -> None:
    with pytest.raises(TypeError):
        catalog.family("wan-s2v").price_per_second_cny(EmoParameters(), None)


def test_the_client_starts_without_anything_heavy() -> None:
    # httpx brings rich for a command line of its own.
    heavy = ["prefect", "sqlalchemy", "numpy", "PIL", "av", "typer", "starlette", "boto3"]
    program = (
        "import sys, greenlight.modelstudio.client, greenlight.modelstudio.catalog as c; c.families(); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_room_knows_no_other() -> None:
    program = (
        "import sys, greenlight.modelstudio.catalog as c; c.families(); "
        "print({n.split('.')[1] for n in sys.modules if n.startswith('greenlight.')})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ast.literal_eval(done.stdout) == {"modelstudio", "errors"}
