"""Jobs wait, run and end as the vendor's do, and leave real videos behind."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable
from typing import Any

import av
import httpx
import pytest

from tests.studio.conftest import AROUND, FACE, Customer, Files, make_motion, until


def emo(files: Files, **changes: Any) -> dict[str, Any]:
    """Return the input of a good EMO job, with changes."""
    good = {
        "image_url": files.astronaut,
        "audio_url": files.sound,
        "face_bbox": FACE,
        "ext_bbox": AROUND,
    }
    return {**good, **changes}


def spoken(files: Files, **changes: Any) -> dict[str, Any]:
    """Return the input of a good LivePortrait or wan2.2-s2v job, with changes."""
    return {"image_url": files.astronaut, "audio_url": files.sound, **changes}


def decoded(url: str) -> tuple[tuple[int, int], float, set[str]]:
    """Return size, seconds and codecs of a video after decoding all of it."""
    data = httpx.get(url, verify=False).raise_for_status().content
    # Fast start: the index stands before the data.
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(io.BytesIO(data)) as film:
        frames = list(film.decode(video=0))
        seconds = len(frames) / float(film.streams.video[0].average_rate or 0)
        codecs = {stream.codec_context.name for stream in film.streams}
    return (frames[0].width, frames[0].height), seconds, codecs


TALL = [90, 40, 330, 360]


@pytest.mark.parametrize(
    ("ext_bbox", "size", "ratio", "cost"),
    [(AROUND, (512, 512), "1:1", 0.08), (TALL, (512, 704), "3:4", 0.16)],
)
def test_emo_films_in_the_size_of_its_box(
    customer: Customer,
    files: Files,
    *,
    ext_bbox: list[int],
    size: tuple[int, int],
    ratio: str,
    cost: float,
) -> None:
    done = customer.wait(customer.submit("emo-v1", **emo(files, ext_bbox=ext_bbox)))
    assert done["output"]["task_status"] == "SUCCEEDED"
    assert done["usage"] == {"video_duration": 1.0, "video_ratio": ratio}
    assert decoded(done["output"]["results"]["video_url"]) == (size, 1.0, {"h264", "aac"})
    assert customer.counters()["cost_cny"] == pytest.approx(cost)
    assert customer.counters()["seconds_billed"] == {"emo-v1": 1.0}


@pytest.mark.parametrize(
    ("asked", "lines", "cost"), [({}, 480, 0.5), ({"resolution": "720P"}, 720, 0.9)]
)
def test_wan_s2v_films_in_its_resolution(
    customer: Customer, files: Files, asked: dict[str, str], lines: int, cost: float
) -> None:
    done = customer.wait(customer.submit("wan2.2-s2v", parameters=asked, **spoken(files)))
    assert done["usage"] == {"duration": 1.0, "video_count": 1, "SR": lines}
    (width, height), seconds, codecs = decoded(done["output"]["results"]["video_url"])
    assert width * height == pytest.approx(lines * lines * 16 / 9, rel=0.05)
    assert (seconds, codecs) == (1.0, {"h264", "aac"})
    assert customer.counters()["cost_cny"] == pytest.approx(cost)


def test_liveportrait_keeps_the_pictures_shape(customer: Customer, files: Files) -> None:
    done = customer.wait(customer.submit("liveportrait", **spoken(files)))
    assert done["usage"] == {"video_duration": 1.0, "video_ratio": "standard"}
    assert decoded(done["output"]["results"]["video_url"])[0] == (512, 512)


def test_animate_anyone_needs_a_template_and_has_no_sound(customer: Customer, files: Files) -> None:
    made = customer.wait(
        customer.submit(
            "animate-anyone-template-gen2",
            function="aa-template-generation",
            video_url=files.url("motion.mp4"),
        )
    )
    template_id = made["output"]["template_id"]
    assert template_id.startswith("AACT.")
    assert made["usage"] == {"video_duration": 2.0, "video_ratio": "standard"}
    done = customer.wait(
        customer.submit("animate-anyone-gen2", image_url=files.astronaut, template_id=template_id)
    )
    assert done["usage"] == {"video_duration": 2.0, "video_ratio": "standard"}
    assert decoded(done["output"]["video_url"]) == ((432, 768), 2.0, {"h264"})


def test_animate_anyone_goes_through_its_own_steps(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    customer = open_studio(job_seconds=0.6)
    motion = {"function": "aa-template-generation", "video_url": files.url("motion.mp4")}
    template = customer.wait(customer.submit("animate-anyone-template-gen2", **motion))
    task_id = customer.submit(
        "animate-anyone-gen2",
        image_url=files.astronaut,
        template_id=template["output"]["template_id"],
    )
    seen: list[str] = []

    def ended() -> bool:
        seen.append(customer.status(task_id))
        return seen[-1] == "SUCCEEDED"

    until(ended)
    steps = list(dict.fromkeys(status for status in seen if status != "PENDING"))
    assert steps == ["PRE-PROCESSING", "RUNNING", "POST-PROCESSING", "SUCCEEDED"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"audio_url": "long.wav"}, "InvalidURL", "longer than 20s"),
        ({"audio_url": "astronaut.png"}, "InvalidURL", ".wav, .mp3"),
        ({"audio_url": "broken.wav"}, "InvalidURL", ".wav, .mp3"),
        ({"audio_url": "heavy.wav"}, "InvalidURL", "larger than 15MB"),
        ({"audio_url": "nothing.wav"}, "InvalidURL", "downloaded"),
        ({"audio_url": None}, "InvalidParameter", "Field required: input.audio_url"),
        ({"image_url": None}, "InvalidParameter", "Field required: input.image_url"),
        ({"image_url": "chelsea.png"}, "InvalidFile.Resolution", "451x300"),
        ({"image_url": "coffee.png"}, "InvalidFile.NoHuman", "face"),
    ],
)
def test_a_job_with_bad_input_is_accepted_and_fails_unpaid(
    customer: Customer, files: Files, changes: dict[str, str | None], code: str, words: str
) -> None:
    files.put("broken.wav", b"RIFF and so on")
    files.put("heavy.wav", bytes(15 * 1024 * 1024 + 1))
    urls = {name: value and files.url(value) for name, value in changes.items()}
    done = customer.wait(customer.submit("wan2.2-s2v", **spoken(files, **urls)))
    assert (done["output"]["task_status"], done["output"]["code"]) == ("FAILED", code)
    assert words in done["output"]["message"]
    assert "usage" not in done
    assert customer.counters()["jobs_failed"] == {"wan2.2-s2v": 1}
    assert customer.counters()["cost_cny"] == 0


def test_liveportrait_has_codes_of_its_own(customer: Customer, files: Files) -> None:
    no_face = customer.submit("liveportrait", **spoken(files, image_url=files.url("coffee.png")))
    too_wild = customer.submit("liveportrait", parameters={"eye_move_freq": 2}, **spoken(files))
    assert customer.wait(no_face)["output"]["code"] == "InvalidImage.NoHumanFace"
    assert customer.wait(too_wild)["output"]["code"] == "InvalidParamter.OutOfDefinition"


@pytest.mark.parametrize(
    "boxes",
    [
        {"ext_bbox": [0, 0, 100, 50]},
        {"ext_bbox": [300, 300, 600, 600]},
        {"ext_bbox": [355, 0, 93, 262]},
        {"ext_bbox": [290, 200, 390, 300]},
        {"face_bbox": [172, 67, 277]},
        {"face_bbox": "172,67,277,172"},
        {"face_bbox": None},
    ],
)
def test_boxes_that_do_not_fit_fail_the_job(
    customer: Customer, files: Files, boxes: dict[str, Any]
) -> None:
    done = customer.wait(customer.submit("emo-v1", **emo(files, **boxes)))
    assert (done["output"]["task_status"], done["output"]["code"]) == ("FAILED", "InvalidParameter")


def test_an_unknown_style_is_refused_at_once(customer: Customer, files: Files) -> None:
    answered = customer.create("emo-v1", parameters={"style_level": "wild"}, **emo(files))
    assert answered.status_code == 400
    assert answered.json()["message"] == "The style_level is invalid."


def test_parameters_out_of_range_show_only_when_the_job_runs(
    customer: Customer, files: Files
) -> None:
    task_id = customer.submit(
        "animate-anyone-gen2",
        parameters={"video_ratio": "16:9"},
        image_url=files.astronaut,
        template_id="AACT.none",
    )
    output = customer.wait(task_id)["output"]
    assert output["code"] == "InvalidParameter"
    assert output["message"] == "parameters.video_ratio must be 9:16 or 3:4"


def test_a_template_that_does_not_exist_fails_the_job(customer: Customer, files: Files) -> None:
    task_id = customer.submit(
        "animate-anyone-gen2", image_url=files.astronaut, template_id="AACT.none"
    )
    assert customer.wait(task_id)["output"]["code"] == "InvalidFile.Template.Content"


@pytest.mark.parametrize(
    ("seconds", "size", "rate", "code"),
    [
        (1, (240, 320), 25, "InvalidFile.Duration"),
        (2, (240, 320), 15, "InvalidFile.FPS"),
        (2, (160, 320), 25, "InvalidFile.Resolution"),
        (2, (200, 640), 25, "InvalidFile.AspectRatio"),
    ],
)
def test_a_motion_outside_the_limits_makes_no_template(
    customer: Customer, files: Files, *, seconds: float, size: tuple[int, int], rate: int, code: str
) -> None:
    make_motion(files.folder / "odd.mp4", seconds=seconds, size=size, rate=rate)
    task_id = customer.submit(
        "animate-anyone-template-gen2",
        function="aa-template-generation",
        video_url=files.url("odd.mp4"),
    )
    assert customer.wait(task_id)["output"]["code"] == code


def test_a_sound_makes_no_template(customer: Customer, files: Files) -> None:
    task_id = customer.submit(
        "animate-anyone-template-gen2", function="aa-template-generation", video_url=files.sound
    )
    assert customer.wait(task_id)["output"]["code"] == "InvalidFile.Openerror"


def test_one_job_of_a_model_runs_and_the_rest_waits(customer: Customer, files: Files) -> None:
    for task_id in [customer.submit("emo-v1", **emo(files)) for _ in range(3)]:
        customer.wait(task_id)
    jobs = customer.counters()["jobs"][::-1]
    for earlier, later in itertools.pairwise(jobs):
        assert later["scheduled_ms"] >= earlier["ended_ms"]


def test_models_do_not_wait_for_each_other(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    customer = open_studio(job_seconds=60)
    running = [
        customer.submit("emo-v1", **emo(files)),
        customer.submit("liveportrait", **spoken(files)),
    ]
    until(lambda: {customer.status(task_id) for task_id in running} == {"RUNNING"})


def test_only_a_waiting_job_can_be_canceled(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    customer = open_studio(job_seconds=60)
    running, waiting = (customer.submit("emo-v1", **emo(files)) for _ in range(2))
    until(lambda: customer.status(running) == "RUNNING")
    assert customer.status(waiting) == "PENDING"
    good = customer.http.post(f"/tasks/{waiting}/cancel")
    assert (good.status_code, set(good.json())) == (200, {"request_id"})
    assert customer.status(waiting) == "CANCELED"
    for task_id in (running, waiting, "no-such-task"):
        bad = customer.http.post(f"/tasks/{task_id}/cancel/", json={"model": "", "input": ""})
        assert (bad.status_code, bad.json()["code"]) == (400, "UnsupportedOperation")
    assert customer.counters()["jobs_canceled"] == {"emo-v1": 1}


def test_an_id_that_nobody_knows_is_unknown(customer: Customer) -> None:
    body = customer.fetch("1111")
    assert body["output"] == {"task_id": "1111", "task_status": "UNKNOWN"}


def test_an_id_that_is_too_old_is_unknown(
    open_studio: Callable[..., Customer], files: Files
) -> None:
    customer = open_studio(task_seconds=0.5)
    task_id = customer.submit("liveportrait", **spoken(files))
    assert customer.status(task_id) != "UNKNOWN"
    until(lambda: customer.status(task_id) == "UNKNOWN")
    assert customer.http.get("/tasks").json()["total"] == 0


def test_the_inputs_of_an_ended_job_are_kept_without_what_was_signed(
    customer: Customer, files: Files
) -> None:
    signed = f"{files.astronaut}?Signature=secret"
    customer.wait(customer.submit("emo-v1", **emo(files, image_url=signed)))
    customer.check("emo-detect-v1", signed)
    counters = customer.counters()
    assert counters["jobs"][0]["input"]["image_url"] == files.astronaut
    assert counters["checks"][0]["image_url"] == files.astronaut
    assert "secret" not in json.dumps(counters)
