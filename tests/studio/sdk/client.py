"""Use the official SDK's v2 client as its users do: `client.py BASE_URL IMAGE AUDIO`."""

import sys

import dashscope
from dashscope.v2.errors import DashScopeError, check_response
from dashscope.v2.resources._jobs import Jobs

base_url, image, audio = sys.argv[1:]
client = dashscope.Client(api_key="sk-local", base_url=base_url, max_retries=0, timeout=30)


def detect(model: str, **parameters: str) -> dict:
    answered = client.transport.request(
        "POST",
        "/services/aigc/image2video/face-detect",
        json={"model": model, "input": {"image_url": image}, "parameters": parameters},
    )
    check_response(answered)
    return answered.json()["output"]


boxes = detect("emo-detect-v1", ratio="3:4")
assert boxes["check_pass"] is True

jobs = Jobs(client, "aigc/image2video/video-synthesis", "aigc")
inputs = {
    "image_url": image,
    "audio_url": audio,
    "face_bbox": boxes["face_bbox"],
    "ext_bbox": boxes["ext_bbox"],
}
style = {"style_level": "normal"}
first = jobs.create(model="emo-v1", input=inputs, parameters=style)
second = jobs.create(model="emo-v1", input=inputs, parameters=style)
assert first.status == second.status == "PENDING"
jobs.cancel(second.task_id)
assert jobs.fetch(second.task_id).status == "CANCELED"
done = jobs.wait(first)
assert done.succeeded, done
assert done.output["results"]["video_url"].startswith("http://")
assert jobs.list(model_name="emo-v1").total == 2
assert jobs.fetch("no-such-task").status == "UNKNOWN"

try:
    said = str(detect("emo-detect-v9"))
except DashScopeError as error:
    said = str(error)
assert "Model not exist." in said, said
