"""Use the official SDK's 1.x classes as its users do: `classic.py BASE_URL IMAGE AUDIO FILE`."""

import os
import sys

base_url, image, audio, file = sys.argv[1:]
# The SDK reads both when it is imported.
os.environ["DASHSCOPE_HTTP_BASE_URL"] = base_url
os.environ["DASHSCOPE_API_KEY"] = "sk-local"

import asyncio  # noqa: E402

from dashscope import VideoSynthesis  # noqa: E402
from dashscope.client.base_api import BaseAioApi, BaseApi, BaseAsyncAioApi, BaseAsyncApi  # noqa: E402
from dashscope.utils.oss_utils import OssUtils  # noqa: E402

IMAGE2VIDEO = {"task_group": "aigc", "task": "image2video"}
detected = BaseApi.call(
    model="emo-detect-v1",
    input={"image_url": image},
    function="face-detect",
    ratio="1:1",
    **IMAGE2VIDEO,
)
assert detected.status_code == 200, detected
assert detected.output["check_pass"] is True
assert detected.usage == {"image_count": 1}

SPOKEN = {"image_url": image, "audio_url": audio}
BOXES = {name: detected.output[name] for name in ("face_bbox", "ext_bbox")}


def begin() -> str:
    created = BaseAsyncApi.async_call(
        model="emo-v1",
        input={**SPOKEN, **BOXES},
        function="video-synthesis",
        style_level="normal",
        **IMAGE2VIDEO,
    )
    assert created.output["task_status"] == "PENDING", created
    return str(created.output["task_id"])


task_id, waiting = begin(), begin()
assert BaseAsyncApi.fetch(task_id).output["task_id"] == task_id
canceled = BaseAsyncApi.cancel(waiting)
assert canceled.status_code == 200, canceled
assert BaseAsyncApi.fetch(waiting).output["task_status"] == "CANCELED"
done = BaseAsyncApi.wait(task_id, wait_timeout=60)
assert done.output["task_status"] == "SUCCEEDED", done.output
assert done.output["results"]["video_url"].startswith("http://")
assert done.usage == {"video_duration": 1.0, "video_ratio": "1:1"}

page = BaseAsyncApi.list(model_name="emo-v1", status="SUCCEEDED", page_no=1, page_size=10)
assert page.output["total"] == 1, page
assert page.output["data"][0]["task_id"] == task_id
refused = BaseAsyncApi.cancel(task_id)
assert (refused.status_code, refused.code) == (400, "UnsupportedOperation"), refused

public = VideoSynthesis.async_call(model="wan2.2-s2v", task="image2video", extra_input=SPOKEN)
assert public.status_code == 200, public
made = VideoSynthesis.wait(public)
assert made.output["results"]["video_url"], made

place, _ = OssUtils.upload(model="liveportrait-detect", file_path=file)
assert place.startswith("oss://dashscope-instant/")
uploaded = BaseApi.call(
    model="liveportrait-detect",
    input={"image_url": place},
    function="face-detect",
    headers={"X-DashScope-OssResourceResolve": "enable"},
    **IMAGE2VIDEO,
)
assert uploaded.output["pass"] is True, uploaded


async def in_asyncio() -> None:
    answered = await BaseAioApi.call(
        model="wan2.2-s2v-detect", input={"image_url": image}, function="face-detect", **IMAGE2VIDEO
    )
    assert answered.output["check_pass"] is True, answered
    begun = await BaseAsyncAioApi.async_call(
        model="liveportrait", input=SPOKEN, function="video-synthesis", **IMAGE2VIDEO
    )
    ended = await BaseAsyncAioApi.wait(begun.output["task_id"])
    assert ended.output["task_status"] == "SUCCEEDED", ended
    too_late = await BaseAsyncAioApi.cancel(begun.output["task_id"])
    assert too_late.status_code == 400, too_late
    listed = await BaseAsyncAioApi.list(model_name="liveportrait")
    assert listed.output["total"] == 1, listed


asyncio.run(in_asyncio())
