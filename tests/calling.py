"""Pay straight at a client, past all books, to see what is sent and what its answers mean."""

from __future__ import annotations

from greenlight.modelstudio.checks import read_check
from greenlight.modelstudio.client import ModelStudio
from greenlight.modelstudio.family import Family, Verdict, VideoRequest
from greenlight.modelstudio.question import Question
from greenlight.modelstudio.submissions import Submission, read_submission


async def check(
    client: ModelStudio,
    family: Family,
    image_url: str,
    *,
    ratio: str | None = None,
    picture_size: tuple[int, int] | None = None,
    deployment: str | None = None,
) -> Verdict:
    """Return a detector's verdict on a portrait."""
    question = Question.of(family, ratio=ratio, deployment=deployment)
    answer = await client.pay(client.check_request(question, image_url))
    return read_check(answer, question, picture_size=picture_size)


async def submit(client: ModelStudio, request: VideoRequest) -> Submission:
    """Begin a video or a template, and return its task."""
    return read_submission(await client.pay(client.video_request(request)))
